package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ExportVm leases the disks of a VM that is off, or of a template.
func (m *vmMethods) ExportVm(ctx *simulator.Context, req *types.ExportVm) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	body := &methods.ExportVmBody{}
	ctx.WithLock(vm, func() {
		if state := vm.Runtime.PowerState; state != types.VirtualMachinePowerStatePoweredOff {
			body.Fault_ = refusal(&types.InvalidPowerState{
				RequestedState: types.VirtualMachinePowerStatePoweredOff, ExistingState: state,
			})
			return
		}
		lease := m.inventory.leases.export(ctx, vm.Self, vm.Config.Hardware.Device)
		body.Res = &types.ExportVmResponse{Returnval: lease}
	})
	return body
}

// ExportSnapshot leases the disks as they were in a snapshot, whether its VM is on or off.
func (m *snapshotMethods) ExportSnapshot(ctx *simulator.Context, req *types.ExportSnapshot) soap.HasFault {
	snapshot := get[*simulator.VirtualMachineSnapshot](ctx.Map, req.This)
	lease := m.inventory.leases.export(ctx, snapshot.Vm, snapshot.Config.Hardware.Device)
	return &methods.ExportSnapshotBody{Res: &types.ExportSnapshotResponse{Returnval: lease}}
}
