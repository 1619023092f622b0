package main

import (
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type folderMethods struct {
	methodSet
	inventory *inventory
}

// CreateVMTask checks what vCenter checks before it touches a datastore, and cleans up when it fails later.
func (m *folderMethods) CreateVMTask(ctx *simulator.Context, req *types.CreateVM_Task) soap.HasFault {
	folder := get[*simulator.Folder](ctx.Map, req.This)
	name := escapeName(req.Config.Name)
	req.Config.Name = name
	task := run(ctx, folder, "CreateVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.admit(ctx, folder, req); fault != nil {
			return nil, fault
		}
		undo := m.inventory.rememberFiles(req.Config.Files.VmPathName)
		req.Config.Name = fileStem(name)
		result, fault := wait(ctx, folder.CreateVMTask(ctx, req).(*methods.CreateVM_TaskBody).Res.Returnval)
		if fault != nil {
			undo()
			return nil, fault
		}
		vm := get[*simulator.VirtualMachine](ctx.Map, result.(types.ManagedObjectReference))
		m.inventory.rename(ctx, vm, name)
		m.inventory.introduce(ctx, vm)
		return result, nil
	})
	return &methods.CreateVM_TaskBody{Res: &types.CreateVM_TaskResponse{Returnval: task}}
}

// RegisterVMTask finishes a VM whose files were there already.
func (m *folderMethods) RegisterVMTask(ctx *simulator.Context, req *types.RegisterVM_Task) soap.HasFault {
	folder := get[*simulator.Folder](ctx.Map, req.This)
	task := run(ctx, folder, "RegisterVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		if _, _, fault := m.inventory.resolve(req.Path); fault != nil {
			return nil, fault
		}
		result, fault := wait(ctx, folder.RegisterVMTask(ctx, req).(*methods.RegisterVM_TaskBody).Res.Returnval)
		if fault == nil {
			m.inventory.introduce(ctx, get[*simulator.VirtualMachine](ctx.Map, result.(types.ManagedObjectReference)))
		}
		return result, fault
	})
	return &methods.RegisterVM_TaskBody{Res: &types.RegisterVM_TaskResponse{Returnval: task}}
}

// admit decides whether and where the VM may be; a request without host gets the one with fewest VMs.
func (i *inventory) admit(
	ctx *simulator.Context, folder *simulator.Folder, req *types.CreateVM_Task,
) types.BaseMethodFault {
	if fault := taken(ctx, folder.ChildEntity, req.Config.Name, nobody); fault != nil {
		return fault
	}
	if fault := checkName(req.Config.Name); fault != nil {
		return fault
	}
	pool, ok := ctx.Map.Get(req.Pool).(mo.Entity)
	if !ok {
		return &types.ManagedObjectNotFound{Obj: req.Pool}
	}
	needed, fault := i.datastoresOf(&req.Config)
	if fault != nil {
		return fault
	}
	i.readCapacities(req.Config.DeviceChange)
	if fault := i.checkSpace(req.Config.DeviceChange, req.Config.Files.VmPathName); fault != nil {
		return fault
	}
	members := i.hosts(i.clusterOf(pool))
	if req.Host != nil {
		host := findHost(members, *req.Host)
		if host == nil {
			return &types.InvalidArgument{InvalidProperty: "host"}
		}
		if fault := i.usable(host, needed); fault != nil {
			return fault
		}
	} else if req.Host = i.place(members, needed); req.Host == nil {
		return i.usable(members[0], needed) // as good a reason as that of any other
	}
	return i.checkDevices(ctx, get[*simulator.HostSystem](ctx.Map, *req.Host), req.Config.DeviceChange)
}

func (i *inventory) clusterOf(pool mo.Entity) *simulator.ClusterComputeResource {
	for entity := pool; ; {
		parent := entity.Entity().Parent
		if cluster, ok := i.registry().Get(*parent).(*simulator.ClusterComputeResource); ok {
			return cluster
		}
		entity = i.registry().Get(*parent).(mo.Entity)
	}
}

func findHost(hosts []*simulator.HostSystem, ref types.ManagedObjectReference) *simulator.HostSystem {
	for _, host := range hosts {
		if host.Self == ref {
			return host
		}
	}
	return nil
}

// usable gives the fault of running a VM with these datastores on this host, or nil.
func (i *inventory) usable(host *simulator.HostSystem, needed []*simulator.Datastore) types.BaseMethodFault {
	switch {
	case host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		return &types.HostNotConnected{}
	case host.Runtime.InMaintenanceMode:
		return &types.InvalidState{}
	}
	for _, ds := range needed {
		if fault := mountFault(host, ds); fault != nil {
			return fault
		}
	}
	return nil
}

// place does initial placement: a cluster leaves no VM without a host.
func (i *inventory) place(
	hosts []*simulator.HostSystem, needed []*simulator.Datastore,
) *types.ManagedObjectReference {
	var best *simulator.HostSystem
	for _, host := range hosts {
		if i.usable(host, needed) == nil && (best == nil || len(host.Vm) < len(best.Vm)) {
			best = host
		}
	}
	if best == nil {
		return nil
	}
	return &best.Self
}

// datastoresOf returns those that the VM's own files and its disks are on.
func (i *inventory) datastoresOf(spec *types.VirtualMachineConfigSpec) ([]*simulator.Datastore, types.BaseMethodFault) {
	if spec.Files == nil || spec.Files.VmPathName == "" {
		return nil, &types.InvalidVmConfig{Property: "configSpec.files.vmPathName"}
	}
	paths := []string{spec.Files.VmPathName}
	for _, change := range spec.DeviceChange {
		device := change.GetVirtualDeviceConfigSpec().Device.GetVirtualDevice()
		if backing, ok := device.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
			if name := backing.GetVirtualDeviceFileBackingInfo().FileName; name != "" {
				paths = append(paths, name)
			}
		}
	}
	var needed []*simulator.Datastore
	for _, path := range paths {
		ds, _, fault := i.resolve(path)
		if fault != nil {
			return nil, fault
		}
		needed = append(needed, ds)
	}
	return needed, nil
}

// resolve finds the datastore and the local file of a datastore path.
func (i *inventory) resolve(path string) (*simulator.Datastore, string, types.BaseMethodFault) {
	var p object.DatastorePath
	if !p.FromString(path) {
		return nil, "", &types.InvalidDatastorePath{DatastorePath: path}
	}
	folder := i.folder(i.dc.DatastoreFolder)
	ds, ok := i.registry().FindByName(p.Datastore, folder.ChildEntity).(*simulator.Datastore)
	if !ok {
		return nil, "", &types.InvalidDatastorePath{DatastorePath: path}
	}
	return ds, filepath.Join(ds.Summary.Url, p.Path), nil
}

// rememberFiles returns what removes the VM's directory if it was not there yet.
func (i *inventory) rememberFiles(vmPathName string) func() {
	ds, file, fault := i.resolve(vmPathName)
	if fault != nil {
		return func() {}
	}
	before := directories(ds.Summary.Url)
	if filepath.Ext(file) == ".vmx" {
		file = filepath.Dir(file)
	}
	return func() {
		for name := range directories(ds.Summary.Url) {
			if !before[name] && (file == ds.Summary.Url || filepath.Join(ds.Summary.Url, name) == file) {
				_ = os.RemoveAll(filepath.Join(ds.Summary.Url, name))
			}
		}
	}
}

func directories(dir string) map[string]bool {
	found := map[string]bool{}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		found[entry.Name()] = true
	}
	return found
}
