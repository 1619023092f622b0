package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// cloning is a CloneSpec read: what is copied, from where, to where.
type cloning struct {
	vms     *vmMethods
	source  *simulator.VirtualMachine
	request *types.CloneVM_Task
	folder  *simulator.Folder
	name    string
	host    *simulator.HostSystem
	pool    types.ManagedObjectReference
	home    *simulator.Datastore
	config  types.VirtualMachineConfigInfo // of the clone, with the disks of the source
	disks   []*diskCopy
	rest    types.VirtualMachineConfigSpec // what is left to do when the clone is there
}

// CloneVMTask copies a VM, or one of its snapshots. What the specification does not change, the clone has from its
// source, but for what tells VMs apart. Several clones can be made at once.
func (m *vmMethods) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	source := get[*simulator.VirtualMachine](ctx.Map, req.This)
	var c *cloning
	check := func(ctx *simulator.Context) (fault types.BaseMethodFault) {
		c, fault = m.chooseCloning(ctx, source, req)
		return fault
	}
	task := m.inventory.jobs.read(ctx, source, "CloneVM_Task", check,
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) { return c.commit(ctx) })
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: task}}
}

// chooseCloning finds a host of those that the specification leaves open.
func (m *vmMethods) chooseCloning(
	ctx *simulator.Context, source *simulator.VirtualMachine, req *types.CloneVM_Task,
) (*cloning, types.BaseMethodFault) {
	candidates, fault := m.cloneHosts(source, req)
	if fault != nil {
		return nil, fault
	}
	var best *cloning
	var reason types.BaseMethodFault
	for _, host := range candidates {
		c, fault := m.newCloning(ctx, source, req, host)
		if fault != nil {
			reason = fault
		} else if best == nil || len(host.Vm) < len(best.host.Vm) {
			best = c
		}
	}
	if best == nil {
		return nil, reason
	}
	return best, nil
}

func (m *vmMethods) cloneHosts(
	source *simulator.VirtualMachine, req *types.CloneVM_Task,
) ([]*simulator.HostSystem, types.BaseMethodFault) {
	if req.Spec.Location.Pool == nil && source.Config.Template && !req.Spec.Template {
		return nil, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
	}
	return m.inventory.relocationHosts(source, &req.Spec.Location)
}

// newCloning reads a specification for one host, and checks it.
func (m *vmMethods) newCloning(
	ctx *simulator.Context, source *simulator.VirtualMachine, req *types.CloneVM_Task, host *simulator.HostSystem,
) (*cloning, types.BaseMethodFault) {
	c := &cloning{vms: m, source: source, request: req, host: host, name: escapeName(req.Name)}
	for _, step := range []func(*simulator.Context) types.BaseMethodFault{
		c.readPlace, c.readSource, c.readChanges, c.readDisks, c.checkSpace, c.checkCustomization,
	} {
		if fault := step(ctx); fault != nil {
			return nil, fault
		}
	}
	return c, nil
}

func (c *cloning) readPlace(ctx *simulator.Context) (fault types.BaseMethodFault) {
	location := &c.request.Spec.Location
	var ok bool
	if c.folder, ok = ctx.Map.Get(c.request.Folder).(*simulator.Folder); !ok {
		return &types.ManagedObjectNotFound{Obj: c.request.Folder}
	}
	if fault := checkName(c.name); fault != nil {
		return fault
	}
	if fault := taken(ctx, c.folder.ChildEntity, c.name, nobody); fault != nil {
		return fault
	}
	switch {
	case location.Pool != nil:
		c.pool = *location.Pool
	case c.source.ResourcePool != nil:
		c.pool = *c.source.ResourcePool
	default:
		c.pool = *c.vms.inventory.clusterOf(c.host).ResourcePool
	}
	if location.Datastore != nil {
		c.home, fault = c.vms.inventory.findDatastore(*location.Datastore)
	} else {
		c.home, _, fault = c.vms.inventory.resolve(c.source.Config.Files.VmPathName)
	}
	if fault != nil {
		return fault
	}
	return c.vms.inventory.usable(c.host, []*simulator.Datastore{c.home})
}

// readSource takes the configuration as it is, or as it was in the snapshot.
func (c *cloning) readSource(ctx *simulator.Context) types.BaseMethodFault {
	if fault := c.vms.inventory.ready(c.source); fault != nil {
		return fault
	}
	source := c.source.Config
	if ref := c.request.Spec.Snapshot; ref != nil {
		if treeOf(c.source, *ref) == nil {
			return &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
		}
		source = &get[*simulator.VirtualMachineSnapshot](ctx.Map, *ref).Config
	}
	c.config = copyConfig(source)
	return nil
}

// readChanges applies what is to be removed or changed; what is to be added waits until the clone is there.
func (c *cloning) readChanges(ctx *simulator.Context) types.BaseMethodFault {
	if config := c.request.Spec.Config; config != nil {
		c.rest = *config
	}
	changes := slices.Concat(c.request.Spec.Location.DeviceChange, c.rest.DeviceChange)
	c.rest.DeviceChange = nil
	if fault := c.vms.inventory.checkDevices(ctx, c.host, changes); fault != nil {
		return fault
	}
	devices := object.VirtualDeviceList(c.config.Hardware.Device)
	for n, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			c.rest.DeviceChange = append(c.rest.DeviceChange, change)
			continue
		}
		key := spec.Device.GetVirtualDevice().Key
		at := slices.IndexFunc(devices, func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key == key })
		switch {
		case at < 0:
			return &types.InvalidDeviceSpec{DeviceIndex: int32(n)}
		case spec.Operation == types.VirtualDeviceConfigSpecOperationRemove:
			devices = slices.Delete(devices, at, at+1)
		default:
			c.edit(devices[at], spec.Device)
		}
	}
	c.config.Hardware.Device = devices
	return nil
}

// edit changes what is set of a NIC or a disk.
func (c *cloning) edit(device, wanted types.BaseVirtualDevice) {
	common, given := device.GetVirtualDevice(), wanted.GetVirtualDevice()
	if given.Connectable != nil {
		common.Connectable = given.Connectable
	}
	switch d := device.(type) {
	case types.BaseVirtualEthernetCard:
		card, to := d.GetVirtualEthernetCard(), wanted.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
		if given.Backing != nil {
			c.vms.inventory.plug(device, given.Backing)
		}
		if to.AddressType != "" {
			card.AddressType = to.AddressType
		}
		if to.MacAddress != "" {
			card.MacAddress = to.MacAddress
		}
	case *types.VirtualDisk:
		if to, isDisk := wanted.(*types.VirtualDisk); isDisk {
			d.CapacityInBytes = max(d.CapacityInBytes, to.CapacityInBytes, to.CapacityInKB<<10)
			d.CapacityInKB = d.CapacityInBytes >> 10
		}
	}
}

// checkCustomization refuses what cannot be done to this guest.
func (c *cloning) checkCustomization(*simulator.Context) types.BaseMethodFault {
	spec := c.request.Spec.Customization
	if spec == nil || c.request.Spec.Template {
		return nil
	}
	return checkCustomization(c.source, &c.config, c.rest.DeviceChange, spec)
}

// commit makes a VM like any other, and then gives it what the source has.
func (c *cloning) commit(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
	i := c.vms.inventory
	spec := types.VirtualMachineConfigSpec{
		Name: fileStem(c.name), GuestId: c.config.GuestId, Version: c.config.Version, Uuid: c.rest.Uuid,
		InstanceUuid: c.rest.InstanceUuid, Files: &types.VirtualMachineFileInfo{VmPathName: "[" + c.home.Name + "]"},
	}
	create := &types.CreateVM_Task{This: c.folder.Self, Config: spec, Pool: c.pool, Host: &c.host.Self}
	result, fault := wait(ctx, c.folder.CreateVMTask(ctx, create).(*methods.CreateVM_TaskBody).Res.Returnval)
	if fault != nil {
		return nil, fault
	}
	clone := get[*simulator.VirtualMachine](ctx.Map, result.(types.ManagedObjectReference))
	ctx.WithLock(clone, func() {
		if fault = c.furnish(ctx, clone); fault != nil {
			_ = clone.UnregisterVM(ctx, &types.UnregisterVM{This: clone.Self})
			i.leave(ctx, clone)
			i.deleteFiles(clone, i.owned(clone))
		}
	})
	if fault != nil {
		return nil, fault
	}
	return clone.Self, c.start(ctx, clone)
}

// furnish gives the clone its hardware, its disks and its options.
func (c *cloning) furnish(ctx *simulator.Context, clone *simulator.VirtualMachine) types.BaseMethodFault {
	i, made := c.vms.inventory, clone.Config
	c.config.Name, c.config.Files, c.config.Template = made.Name, made.Files, false
	c.config.Uuid, c.config.InstanceUuid, c.config.CreateDate = made.Uuid, made.InstanceUuid, made.CreateDate
	set(ctx, clone, map[string]types.AnyType{
		"guest.toolsVersionStatus2": c.source.Guest.ToolsVersionStatus2,
		"guest.toolsRunningStatus":  string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
		"guest.guestFamily":         c.source.Guest.GuestFamily,
	})
	n := newNaming(clone.Name)
	n.folders[c.home] = folderOf(made.Files.VmPathName)
	for _, disk := range c.disks {
		if fault := disk.write(i, n.fresh(disk.to)); fault != nil {
			return fault
		}
	}
	i.showConfig(ctx, clone, &c.config)
	c.rest.Name, c.rest.Files = "", nil
	change := &types.ReconfigVM_Task{This: clone.Self, Spec: c.rest}
	body := clone.ReconfigVMTask(ctx, change).(*methods.ReconfigVM_TaskBody)
	if _, fault := wait(ctx, body.Res.Returnval); fault != nil {
		return fault
	}
	i.rename(ctx, clone, c.name)
	i.assignMACs(ctx, clone, true)
	i.introduce(ctx, clone)
	return nil
}

// start makes a template of the clone, or prepares and powers it on.
func (c *cloning) start(ctx *simulator.Context, clone *simulator.VirtualMachine) types.BaseMethodFault {
	spec := &c.request.Spec
	if spec.Template {
		if res := clone.MarkAsTemplate(&types.MarkAsTemplate{This: clone.Self}); res.Fault() != nil {
			return res.Fault().VimFault().(types.BaseMethodFault)
		}
		return nil
	}
	if spec.Customization != nil {
		customize := &types.CustomizeVM_Task{This: clone.Self, Spec: *spec.Customization}
		body := clone.CustomizeVMTask(ctx, customize).(*methods.CustomizeVM_TaskBody)
		if _, fault := wait(ctx, body.Res.Returnval); fault != nil {
			return fault
		}
	}
	if !spec.PowerOn {
		return nil
	}
	on := &types.PowerOnVM_Task{This: clone.Self}
	_, fault := wait(ctx, c.vms.PowerOnVMTask(ctx, on).(*methods.PowerOnVM_TaskBody).Res.Returnval)
	return fault
}

// CheckCloneTask says of each host that the specification allows what stands against it.
func (m *checkerMethods) CheckCloneTask(ctx *simulator.Context, req *types.CheckClone_Task) soap.HasFault {
	checker := get[mo.Reference](ctx.Map, req.This)
	task := run(ctx, checker, "CheckClone_Task", func() (types.AnyType, types.BaseMethodFault) {
		source, ok := ctx.Map.Get(req.Vm).(*simulator.VirtualMachine)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: req.Vm}
		}
		vms := &vmMethods{inventory: m.inventory}
		clone := &types.CloneVM_Task{This: req.Vm, Folder: req.Folder, Name: req.Name, Spec: req.Spec}
		candidates, fault := vms.cloneHosts(source, clone)
		if fault != nil {
			return nil, fault
		}
		var all types.ArrayOfCheckResult
		for _, host := range candidates {
			var found problems
			ctx.WithLock(source, func() { _, fault = vms.newCloning(ctx, source, clone, host) })
			if fault != nil {
				found = problems{{fault: fault}}
			}
			all.CheckResult = append(all.CheckResult, found.result(source.Self, host.Self, nil))
		}
		return all, nil
	})
	return &methods.CheckClone_TaskBody{Res: &types.CheckClone_TaskResponse{Returnval: task}}
}
