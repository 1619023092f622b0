package main

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// inventorySpec is what an inventory is made from.
type inventorySpec struct {
	clusters         int
	hosts            int
	sharedDatastores int
	vms              int
	brownfield       string
	seed             int64
	instanceUUID     string
	serverID         int
	stateDir         string
	taskSeconds      float64
}

func (s *inventorySpec) validate() error {
	switch {
	case s.clusters < 1 || s.clusters > 9:
		return errors.New("-clusters must be 1 to 9: the digit is part of the hosts' names")
	case s.hosts < 1 || s.hosts > 64:
		return errors.New("-hosts must be 1 to 64, vSphere's own limit for a cluster")
	case s.sharedDatastores < 1:
		return errors.New("-shared-datastores must be 1 or more: the VMs that are there need one")
	case !slices.Contains([]string{"", "plain", "varied"}, s.brownfield):
		return errors.New("-brownfield must be plain or varied")
	case s.serverID < 0 || s.serverID > 31:
		return errors.New("-server-id must be 0 to 31")
	case s.vms < 0:
		return errors.New("-vms must not be negative")
	case s.taskSeconds < 0:
		return errors.New("-task-seconds must not be negative")
	}
	if s.instanceUUID != "" {
		if _, err := uuid.Parse(s.instanceUUID); err != nil {
			return fmt.Errorf("-instance-uuid: %w", err)
		}
	}
	return nil
}

// inventory is the tree of managed objects, made in a fixed order so that morefs repeat.
type inventory struct {
	spec    inventorySpec
	service *simulator.Service
	ctx     *simulator.Context
	random  *rand.Rand
	dir     string   // the datastores' files
	scratch *scratch // holds dir, unless it is to be kept
	dc      *simulator.Datacenter
	dvs     *simulator.DistributedVirtualSwitch
	usage   *usage

	contents contents
	leases   leases
	jobs     jobs
	sharing  sharing
	added    bool // a host, since the start

	reconfiguring sync.Mutex // one VM at a time, or two would find the same version
}

func newInventory(spec inventorySpec) (*inventory, error) {
	model := simulator.VPX()
	model.Datacenter, model.Host, model.Cluster, model.Portgroup, model.Datastore, model.Machine = 0, 0, 0, 0, 0, 0
	if err := model.Create(); err != nil {
		return nil, err
	}
	model.Remove() // its own temporary directory; ours takes the place
	inv := &inventory{
		spec: spec, service: model.Service, ctx: model.Service.Context,
		random: rand.New(rand.NewSource(spec.seed)),
	}
	if err := inv.prepareDir(); err != nil {
		return nil, err
	}
	inv.contents = contents{filepath.Join(inv.dir, ".contents")}
	inv.leases = leases{inventory: inv, open: map[string]*transfer{}}
	inv.jobs = jobs{
		inventory: inv, pace: time.Duration(spec.taskSeconds * float64(time.Second)),
		open: map[types.ManagedObjectReference]*job{},
	}
	inv.sharing = sharing{files: map[types.ManagedObjectReference]map[string]bool{}}
	inv.usage = &usage{inventory: inv, stale: true}
	inv.usage.Self = usageRef
	inv.registry().Put(inv.usage)
	inv.nameServer()
	for _, step := range []func() error{
		inv.createDatacenter, inv.createSwitch, inv.createClusters, inv.createPortGroups,
		inv.createDatastores, inv.populate,
	} {
		if err := step(); err != nil {
			inv.remove()
			return nil, err
		}
	}
	inv.jobs.forgetAll()
	inv.usage.refresh(inv.ctx)
	inv.registry().AddHandler(inv.usage)
	inv.registry().AddHandler(&inv.jobs)
	inv.registry().Put(&propertyCollector{PropertyCollector: *inv.propertyCollector()})
	return inv, nil
}

func (i *inventory) registry() *simulator.Registry { return i.ctx.Map }

// populate brings back the state of an earlier run, or makes the VMs that are there from the start.
func (i *inventory) populate() error {
	if hasState(i.spec.stateDir) {
		return i.load(i.spec.stateDir)
	}
	if err := i.createVMs(); err != nil || i.spec.brownfield != "varied" {
		return err
	}
	return i.createVaried()
}

// prepareDir makes the directory for the datastores' files. Without a saved inventory nobody knows whose those
// in there were.
func (i *inventory) prepareDir() (err error) {
	if i.spec.stateDir == "" {
		if i.scratch, err = newScratch(); err == nil {
			i.dir = i.scratch.dir()
		}
		return err
	}
	i.dir = filepath.Join(i.spec.stateDir, "datastores")
	if !hasState(i.spec.stateDir) {
		if err := os.RemoveAll(i.dir); err != nil {
			return err
		}
	}
	return os.MkdirAll(i.dir, 0o700)
}

// remove deletes the files that nobody asked to keep.
func (i *inventory) remove() {
	if i.scratch != nil {
		i.scratch.remove(removeTime)
	}
}

func (i *inventory) propertyCollector() *simulator.PropertyCollector {
	content := serviceInstance(i.registry()).Content
	return i.registry().Get(content.PropertyCollector).(*simulator.PropertyCollector)
}

// nameServer gives this vCenter its identity: a client that knows several must be able to tell them apart.
func (i *inventory) nameServer() {
	about := &serviceInstance(i.registry()).Content.About
	about.Version, about.ApiVersion, about.Build = "8.0.3", "8.0.3.0", "24022515"
	about.FullName = "VMware vCenter Server 8.0.3 build-24022515"
	about.LicenseProductVersion = "8.0"
	about.InstanceUuid = i.spec.instanceUUID
	if about.InstanceUuid == "" {
		about.InstanceUuid = i.uuid()
	}
}

// uuid is the next UUID of the seed.
func (i *inventory) uuid() string {
	id, err := uuid.NewRandomFromReader(i.random)
	if err != nil {
		panic(err) // math/rand never fails to read
	}
	return id.String()
}

// task waits for a simulator task that was started directly, and returns its result.
func (i *inventory) task(ref types.ManagedObjectReference) (types.AnyType, error) {
	t := i.registry().Get(ref).(*simulator.Task)
	t.Wait()
	if t.Info.Error != nil {
		return nil, fmt.Errorf("%s of %s: %T", t.Info.Name, t.Info.Entity, t.Info.Error.Fault)
	}
	return t.Info.Result, nil
}

func (i *inventory) folder(ref types.ManagedObjectReference) *simulator.Folder {
	return i.registry().Get(ref).(*simulator.Folder)
}

func (i *inventory) createDatacenter() error {
	root := i.folder(serviceInstance(i.registry()).Content.RootFolder)
	body := root.CreateDatacenter(i.ctx, &types.CreateDatacenter{This: root.Self, Name: "dc1"})
	ref := body.(*methods.CreateDatacenterBody).Res.Returnval
	i.dc = i.registry().Get(ref).(*simulator.Datacenter)
	return nil
}

func (i *inventory) createClusters() error {
	for c := 1; c <= i.spec.clusters; c++ {
		folder := i.folder(i.dc.HostFolder)
		name := fmt.Sprintf("cluster%d", c)
		body := folder.CreateClusterEx(i.ctx, &types.CreateClusterEx{This: folder.Self, Name: name})
		ref := body.(*methods.CreateClusterExBody).Res.Returnval
		cluster := i.registry().Get(ref).(*simulator.ClusterComputeResource)
		for h := 1; h <= i.spec.hosts; h++ {
			if _, err := i.createHost(i.ctx, cluster, fmt.Sprintf("esx%d%d", c, h)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *inventory) clusters() []*simulator.ClusterComputeResource {
	var all []*simulator.ClusterComputeResource
	for _, ref := range i.folder(i.dc.HostFolder).ChildEntity {
		all = append(all, i.registry().Get(ref).(*simulator.ClusterComputeResource))
	}
	return all
}

func (i *inventory) hosts(cluster *simulator.ClusterComputeResource) []*simulator.HostSystem {
	var all []*simulator.HostSystem
	for _, ref := range cluster.Host {
		all = append(all, i.registry().Get(ref).(*simulator.HostSystem))
	}
	return all
}

func (i *inventory) datastoreDir(name string) (string, error) {
	dir := filepath.Join(i.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}
