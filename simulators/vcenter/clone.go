package main

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CloneVMTask finishes the new VM, and copies or links its disks.
func (m *vmMethods) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "cloneVM", func() (types.AnyType, types.BaseMethodFault) {
		body := vm.CloneVMTask(ctx, req).(*methods.CloneVM_TaskBody)
		if body.Fault_ != nil {
			return nil, body.Fault_.VimFault().(types.BaseMethodFault)
		}
		result, fault := wait(ctx, body.Res.Returnval)
		if fault == nil {
			clone := get[*simulator.VirtualMachine](ctx.Map, result.(types.ManagedObjectReference))
			move := types.VirtualMachineRelocateDiskMoveOptions(req.Spec.Location.DiskMoveType)
			linked := move == types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking
			ctx.WithLock(clone, func() { m.inventory.inheritDisks(vm, clone, linked) })
			m.inventory.assignMACs(ctx, clone, true)
			m.inventory.introduce(ctx, clone)
		}
		return result, fault
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: task}}
}

// inheritDisks gives a clone's disks, which govmomi makes empty, what is on those of its source. A linked clone
// has them as parents, and takes no space for them.
func (i *inventory) inheritDisks(source, clone *simulator.VirtualMachine, linked bool) {
	parents := flatBackings(source.Config.Hardware.Device)
	for n, backing := range flatBackings(clone.Config.Hardware.Device) {
		if n >= len(parents) {
			return
		}
		if linked {
			parent := *parents[n]
			backing.Parent = &parent
			continue
		}
		if _, file, fault := i.resolve(backing.FileName); fault == nil {
			if descriptor, err := readDescriptor(file); err == nil {
				_ = writeDescriptor(file, descriptor.Capacity(), i.contentOf(parents[n]))
			}
		}
	}
}

func flatBackings(devices object.VirtualDeviceList) []*types.VirtualDiskFlatVer2BackingInfo {
	var all []*types.VirtualDiskFlatVer2BackingInfo
	for _, device := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		if backing, isFlat := device.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo); isFlat {
			all = append(all, backing)
		}
	}
	return all
}
