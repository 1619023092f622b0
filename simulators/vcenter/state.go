package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

const stateFile = "inventory.xml"

// state is an inventory on disk: all properties of all entities, and what the rest was made from. Hosts and
// their systems are made again in the same order, so with the same morefs, before the properties are loaded.
type state struct {
	XMLName          xml.Name              `xml:"inventory"`
	Clusters         int                   `xml:"clusters,attr"`
	Hosts            int                   `xml:"hosts,attr"`
	SharedDatastores int                   `xml:"sharedDatastores,attr"`
	Seed             int64                 `xml:"seed,attr"`
	InstanceUUID     string                `xml:"instanceUuid,attr"`
	ServerID         int                   `xml:"serverId,attr"`
	Objects          []types.ObjectContent `xml:"object"`
}

func (i *inventory) state() state {
	return state{
		Clusters: i.spec.clusters, Hosts: i.spec.hosts, SharedDatastores: i.spec.sharedDatastores,
		Seed: i.spec.seed, InstanceUUID: i.spec.instanceUUID, ServerID: i.spec.serverID,
	}
}

// hasState tells whether an earlier run left its inventory.
func hasState(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, stateFile))
	return err == nil
}

// stored lists what a state holds: entities, and the snapshots that VMs refer to.
func (i *inventory) stored() []types.ManagedObjectReference {
	var refs []types.ManagedObjectReference
	for _, object := range i.registry().AllReference("") {
		_, isEntity := object.(mo.Entity)
		if isEntity || object.Reference().Type == "VirtualMachineSnapshot" {
			refs = append(refs, object.Reference())
		}
	}
	slices.SortFunc(refs, func(a, b types.ManagedObjectReference) int { return cmp.Compare(a.String(), b.String()) })
	return refs
}

// save writes the state, or leaves the old one in place if it cannot.
func (i *inventory) save(dir string) error {
	if i.added {
		return errors.New("the state cannot be kept: a host was added since the start")
	}
	s := i.state()
	collector := get[*propertyCollector](i.registry(), serviceInstance(i.registry()).Content.PropertyCollector)
	for _, ref := range i.stored() {
		body := collector.PropertyCollector.RetrieveProperties(i.ctx, &types.RetrieveProperties{
			SpecSet: []types.PropertyFilterSpec{{
				PropSet:   []types.PropertySpec{{Type: ref.Type, All: types.NewBool(true)}},
				ObjectSet: []types.ObjectSpec{{Obj: ref}},
			}},
		}).(*methods.RetrievePropertiesBody)
		if body.Res == nil {
			return fmt.Errorf("read %s: %s", ref, body.Fault_.String)
		}
		correct(body.Res.Returnval)
		s.Objects = append(s.Objects, body.Res.Returnval...)
	}
	return s.write(filepath.Join(dir, stateFile))
}

func (s *state) write(file string) error {
	f, err := os.OpenFile(file+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(f)
	err = errors.Join(xml.NewEncoder(buffer).Encode(s), buffer.Flush(), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return os.Rename(file+".new", file)
}

// load replaces the entities by those of the state.
func (i *inventory) load(dir string) error {
	file := filepath.Join(dir, stateFile)
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	decoder := xml.NewDecoder(bufio.NewReader(f))
	decoder.TypeFunc = types.TypeFunc()
	var s state
	if err := decoder.Decode(&s); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	was, is := s, i.state()
	was.Objects, was.XMLName = nil, xml.Name{}
	if fmt.Sprint(was) != fmt.Sprint(is) {
		return fmt.Errorf("%s is of an inventory with -clusters %d -hosts %d -shared-datastores %d -seed %d "+
			"-instance-uuid %q -server-id %d: start with these, or with another -state",
			file, s.Clusters, s.Hosts, s.SharedDatastores, s.Seed, s.InstanceUUID, s.ServerID)
	}
	for _, content := range s.Objects {
		if err := i.loadObject(content); err != nil {
			return fmt.Errorf("%s: %s: %w", file, content.Obj, err)
		}
	}
	i.removeOthers(s.Objects)
	i.retie()
	return i.registry().AlignCounter()
}

func (i *inventory) loadObject(content types.ObjectContent) error {
	object := i.registry().Get(content.Obj)
	isNew := object == nil
	if isNew {
		if object = newObject(content.Obj.Type); object == nil {
			return errors.New("objects of this type cannot be loaded")
		}
	}
	target := managed(object).Addr().Interface()
	if err := mo.LoadObjectContent([]types.ObjectContent{content}, target); err != nil {
		return err
	}
	if isNew {
		i.registry().Put(object)
	}
	return nil
}

// newObject makes those that clients can create.
func newObject(kind string) mo.Reference {
	switch kind {
	case "VirtualMachine":
		return &simulator.VirtualMachine{}
	case "VirtualMachineSnapshot":
		return &simulator.VirtualMachineSnapshot{}
	case "Folder":
		return &simulator.Folder{}
	case "ResourcePool":
		return &simulator.ResourcePool{}
	case "VirtualApp":
		return &simulator.VirtualApp{}
	case "Network":
		return &mo.Network{}
	case "DistributedVirtualPortgroup":
		return &simulator.DistributedVirtualPortgroup{}
	}
	return nil
}

// removeOthers takes away what was deleted before the state was written.
func (i *inventory) removeOthers(kept []types.ObjectContent) {
	keep := map[types.ManagedObjectReference]bool{}
	for _, content := range kept {
		keep[content.Obj] = true
	}
	for _, ref := range i.stored() {
		if !keep[ref] {
			i.registry().Remove(i.ctx, ref)
		}
	}
}

// retie joins again what is one thing seen from two objects, and the datastores to their directories.
func (i *inventory) retie() {
	for _, cluster := range i.clusters() {
		for _, host := range i.hosts(cluster) {
			host.Summary.Runtime = &host.Runtime
			i.networkSystem(host).NetworkInfo = host.Config.Network
		}
	}
	for _, ds := range i.datastores() {
		dir := filepath.Join(i.dir, ds.Name)
		ds.Summary.Url, ds.Info.GetDatastoreInfo().Url = dir, dir
	}
	for _, vm := range i.registry().All("VirtualMachine") {
		i.noteFiles(vm.(*simulator.VirtualMachine))
		i.logBeside(vm.(*simulator.VirtualMachine))
	}
	for _, ref := range i.networks() {
		network := networkMO(ref)
		network.Entity().Name = network.Name // govmomi keeps the name twice
	}
	i.dvs.Entity().Name = i.dvs.Name
}
