package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CloneVMTask finishes the new VM, and copies or links its disks. What the specification does not change, the clone
// has from its source.
func (m *vmMethods) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	var config types.VirtualMachineConfigSpec
	if req.Spec.Config != nil {
		config = *req.Spec.Config
	}
	changes := slices.Concat(req.Spec.Location.DeviceChange, config.DeviceChange)
	config.ExtraConfig = overlaid(vm.Config.ExtraConfig, config.ExtraConfig)
	task := run(ctx, vm, "CloneVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.check(ctx, vm, changes); fault != nil {
			return nil, fault
		}
		req.Spec.Config = &config
		body := vm.CloneVMTask(ctx, req).(*methods.CloneVM_TaskBody)
		if body.Fault_ != nil {
			return nil, body.Fault_.VimFault().(types.BaseMethodFault)
		}
		result, fault := wait(ctx, body.Res.Returnval)
		if fault == nil {
			clone := get[*simulator.VirtualMachine](ctx.Map, result.(types.ManagedObjectReference))
			move := types.VirtualMachineRelocateDiskMoveOptions(req.Spec.Location.DiskMoveType)
			linked := move == types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking
			ctx.WithLock(clone, func() { m.inventory.inheritDisks(sourceOf(ctx, vm, &req.Spec), clone, linked) })
			inheritConfig(ctx, vm, clone, &config)
			m.inventory.assignMACs(ctx, clone, true)
			m.inventory.introduce(ctx, clone)
		}
		return result, fault
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: task}}
}

// overlaid gives the options of a source with the changes that a specification makes; an empty value removes one.
func overlaid(source, changes []types.BaseOptionValue) []types.BaseOptionValue {
	var all []types.BaseOptionValue
	for _, option := range slices.Concat(source, changes) {
		value := option.GetOptionValue()
		all = slices.DeleteFunc(all, func(o types.BaseOptionValue) bool { return o.GetOptionValue().Key == value.Key })
		if value.Value != "" {
			all = append(all, &types.OptionValue{Key: value.Key, Value: value.Value})
		}
	}
	return all
}

func inheritConfig(ctx *simulator.Context, source, clone *simulator.VirtualMachine, config *types.VirtualMachineConfigSpec) {
	annotation, manager := source.Config.Annotation, source.Config.ManagedBy
	if config.Annotation != "" {
		annotation = config.Annotation
	}
	if config.ManagedBy != nil {
		manager = config.ManagedBy
	}
	set(ctx, clone, map[string]types.AnyType{
		"config.annotation": annotation, "summary.config.annotation": annotation,
		"config.managedBy": manager, "summary.config.managedBy": manager,
		"guest.toolsVersionStatus2": source.Guest.ToolsVersionStatus2,
		"guest.toolsRunningStatus":  string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
	})
}

// sourceOf is what a clone is made of: the VM as it is, or as it was.
func sourceOf(
	ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineCloneSpec,
) *types.VirtualMachineConfigInfo {
	if spec.Snapshot != nil {
		return &get[*simulator.VirtualMachineSnapshot](ctx.Map, *spec.Snapshot).Config
	}
	return vm.Config
}

// inheritDisks gives a clone's disks, which govmomi makes empty, what is on those of its source. A linked clone
// has them as parents, and takes no space for them.
func (i *inventory) inheritDisks(source *types.VirtualMachineConfigInfo, clone *simulator.VirtualMachine, linked bool) {
	parents := flatBackings(source.Hardware.Device)
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
