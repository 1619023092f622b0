package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// relocation is a RelocateSpec read: where a VM, its own files and its disks go.
type relocation struct {
	inventory *inventory
	vm        *simulator.VirtualMachine
	spec      *types.VirtualMachineRelocateSpec
	from, to  *simulator.HostSystem
	home      *simulator.Datastore           // where its own files go
	disks     map[int32]*simulator.Datastore // by device
	kinds     map[int32]moveKind
	thin      map[int32]bool // those that change
}

type moveKind = types.VirtualMachineRelocateDiskMoveOptions

// RelocateVMTask moves the VM to another host, its files to other datastores, or both.
func (m *vmMethods) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	var r *relocation
	check := func(ctx *simulator.Context) (fault types.BaseMethodFault) {
		r, fault = m.inventory.chooseRelocation(vm, &req.Spec)
		return fault
	}
	task := m.inventory.jobs.change(ctx, vm, "RelocateVM_Task", check,
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) { return nil, r.commit(ctx) })
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: task}}
}

// chooseRelocation finds a host of those that the specification leaves open, or says why there is none.
func (i *inventory) chooseRelocation(
	vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec,
) (*relocation, types.BaseMethodFault) {
	candidates, fault := i.relocationHosts(vm, spec)
	if fault != nil {
		return nil, fault
	}
	var best *relocation
	var reason types.BaseMethodFault
	for _, host := range candidates {
		r, fault := i.newRelocation(vm, spec, host)
		if fault != nil {
			return nil, fault
		}
		if errors := r.problems().errors(); len(errors) > 0 {
			reason = errors[0]
		} else if best == nil || len(host.Vm) < len(best.to.Vm) {
			best = r
		}
	}
	if best == nil {
		return nil, reason
	}
	return best, nil
}

// relocationHosts gives the hosts that a specification allows: the named one; any of the cluster, which DRS chooses
// from, if only a pool is named; else the present one.
func (i *inventory) relocationHosts(
	vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec,
) ([]*simulator.HostSystem, types.BaseMethodFault) {
	if spec.Service != nil {
		return nil, &types.NotSupported{}
	}
	current := get[*simulator.HostSystem](i.registry(), *vm.Runtime.Host)
	members := i.hosts(i.clusterOf(current))
	if spec.Pool != nil {
		pool, ok := i.registry().Get(*spec.Pool).(mo.Entity)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: *spec.Pool}
		}
		members = i.hosts(i.clusterOf(pool))
	}
	switch {
	case spec.Host != nil:
		host, ok := i.registry().Get(*spec.Host).(*simulator.HostSystem)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: *spec.Host}
		}
		if findHost(members, host.Self) == nil {
			if spec.Pool == nil {
				return nil, &types.InvalidArgument{InvalidProperty: "spec.pool"}
			}
			return nil, &types.InvalidArgument{InvalidProperty: "spec.host"}
		}
		return []*simulator.HostSystem{host}, nil
	case spec.Pool != nil:
		up := slices.DeleteFunc(slices.Clone(members), func(h *simulator.HostSystem) bool { return i.usable(h, nil) != nil })
		if len(up) > 0 {
			return up, nil
		}
		return members[:1], nil
	}
	return []*simulator.HostSystem{current}, nil
}

// newRelocation reads a specification for one host.
func (i *inventory) newRelocation(
	vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec, host *simulator.HostSystem,
) (*relocation, types.BaseMethodFault) {
	r := &relocation{
		inventory: i, vm: vm, spec: spec, to: host,
		from:  get[*simulator.HostSystem](i.registry(), *vm.Runtime.Host),
		disks: map[int32]*simulator.Datastore{}, kinds: map[int32]moveKind{}, thin: map[int32]bool{},
	}
	var fault types.BaseMethodFault
	if r.home, _, fault = i.resolve(vm.Config.Files.VmPathName); fault != nil {
		return nil, fault
	}
	if spec.Datastore != nil {
		if r.home, fault = i.findDatastore(*spec.Datastore); fault != nil {
			return nil, fault
		}
	}
	for _, device := range vm.Config.Hardware.Device {
		if chain := chainOf(device); len(chain) > 0 {
			key := device.GetVirtualDevice().Key
			if r.disks[key], _, fault = i.resolve(chain[0].FileName); fault != nil {
				return nil, fault
			}
			if spec.Datastore != nil {
				r.disks[key] = r.home
			}
			r.kinds[key] = moveKind(spec.DiskMoveType)
		}
	}
	for _, locator := range spec.Disk {
		if fault := r.locate(&locator); fault != nil {
			return nil, fault
		}
	}
	return r, r.checkKinds()
}

// locate reads what is said of one disk.
func (r *relocation) locate(locator *types.VirtualMachineRelocateSpecDiskLocator) (fault types.BaseMethodFault) {
	if r.disks[locator.DiskId] == nil {
		return &types.InvalidArgument{InvalidProperty: "spec.disk.diskId"}
	}
	if r.disks[locator.DiskId], fault = r.inventory.findDatastore(locator.Datastore); fault != nil {
		return fault
	}
	if locator.DiskMoveType != "" {
		r.kinds[locator.DiskId] = moveKind(locator.DiskMoveType)
	}
	if wanted, isFlat := locator.DiskBackingInfo.(*flatBacking); isFlat && wanted.ThinProvisioned != nil {
		r.thin[locator.DiskId] = *wanted.ThinProvisioned
	}
	return nil
}

// checkKinds refuses what a relocation cannot do to a disk, as VWS VirtualMachineRelocateDiskMoveOptions says.
func (r *relocation) checkKinds() types.BaseMethodFault {
	for _, kind := range r.kinds {
		switch {
		case kind == "":
		case !slices.Contains(kind.Values(), kind):
			return &types.InvalidArgument{InvalidProperty: "spec.diskMoveType"}
		case kind == types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking,
			kind == types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndConsolidate && r.vm.Snapshot != nil:
			return &types.DiskMoveTypeNotSupported{}
		}
	}
	return nil
}

func (i *inventory) findDatastore(ref types.ManagedObjectReference) (*simulator.Datastore, types.BaseMethodFault) {
	ds, ok := i.registry().Get(ref).(*simulator.Datastore)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	return ds, nil
}

// commit does it: the files, the host, the pool, the folder, the networks.
func (r *relocation) commit(ctx *simulator.Context) types.BaseMethodFault {
	i, vm := r.inventory, r.vm
	if fault := r.moveFiles(ctx); fault != nil {
		return fault
	}
	if r.to != r.from {
		moveToHost(ctx, vm, r.from, r.to)
	}
	if pool := r.spec.Pool; pool != nil && (vm.ResourcePool == nil || *pool != *vm.ResourcePool) {
		i.moveToPool(ctx, vm, *pool)
	}
	if r.spec.Folder != nil && *r.spec.Folder != *vm.Parent {
		folder := i.folder(*r.spec.Folder)
		move := &types.MoveIntoFolder_Task{This: folder.Self, List: []types.ManagedObjectReference{vm.Self}}
		body := folder.MoveIntoFolderTask(ctx, move).(*methods.MoveIntoFolder_TaskBody)
		if _, fault := wait(ctx, body.Res.Returnval); fault != nil {
			return fault
		}
	}
	r.changeNetworks(ctx)
	i.connect(ctx, vm)
	i.layOut(ctx, vm)
	return nil
}

// changeNetworks connects NICs elsewhere. Nothing else of a device in the specification counts, nor other devices.
func (r *relocation) changeNetworks(ctx *simulator.Context) {
	for _, device := range r.vm.Config.Hardware.Device {
		if _, backing := r.newBacking(device); backing != nil {
			name := r.inventory.plug(device, backing)
			for n := range r.vm.Guest.Net {
				if r.vm.Guest.Net[n].DeviceConfigId == device.GetVirtualDevice().Key {
					r.vm.Guest.Net[n].Network = name
				}
			}
		}
	}
	set(ctx, r.vm, map[string]types.AnyType{
		"config.hardware.device": r.vm.Config.Hardware.Device, "guest.net": r.vm.Guest.Net,
	})
}

// plug connects a NIC to a network that is known to exist, and tells its name.
func (i *inventory) plug(nic types.BaseVirtualDevice, backing types.BaseVirtualDeviceBackingInfo) string {
	network := i.networkOf(backing)
	if standard, ok := backing.(*types.VirtualEthernetCardNetworkBackingInfo); ok {
		standard.Network = &network.Self
	}
	card := nic.GetVirtualDevice()
	card.Backing = backing
	if card.DeviceInfo != nil {
		card.DeviceInfo.GetDescription().Summary = network.Name
	}
	return network.Name
}

// newBacking finds the network that the specification gives a NIC, and where.
func (r *relocation) newBacking(device types.BaseVirtualDevice) (int, types.BaseVirtualDeviceBackingInfo) {
	if _, isNIC := device.(types.BaseVirtualEthernetCard); !isNIC {
		return 0, nil
	}
	for n, change := range r.spec.DeviceChange {
		spec := change.GetVirtualDeviceConfigSpec()
		if given := spec.Device.GetVirtualDevice(); given.Key == device.GetVirtualDevice().Key {
			return n, given.Backing
		}
	}
	return 0, nil
}

func (i *inventory) moveToPool(ctx *simulator.Context, vm *simulator.VirtualMachine, to types.ManagedObjectReference) {
	if vm.ResourcePool != nil {
		old := get[*simulator.ResourcePool](ctx.Map, *vm.ResourcePool)
		ctx.WithLock(old, func() { i.removeReference(ctx, old, "vm", old.Vm, vm.Self) })
	}
	pool := get[*simulator.ResourcePool](ctx.Map, to)
	ctx.WithLock(pool, func() { i.addReference(ctx, pool, "vm", pool.Vm, vm.Self) })
	set(ctx, vm, map[string]types.AnyType{"resourcePool": to})
}
