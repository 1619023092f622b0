package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// checkCustomization refuses what cannot be done to a guest: VMware Tools do it, for the system they are in, and
// for each of its NICs.
func checkCustomization(
	vm *simulator.VirtualMachine, config *types.VirtualMachineConfigInfo,
	added []types.BaseVirtualDeviceConfigSpec, spec *types.CustomizationSpec,
) types.BaseMethodFault {
	switch vm.Guest.ToolsVersionStatus2 {
	case "", string(types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled):
		return &types.CustomizationFault{}
	}
	windows := strings.HasPrefix(config.GuestId, "win")
	var wrong bool
	switch spec.Identity.(type) {
	case *types.CustomizationLinuxPrep:
		wrong = windows
	case *types.CustomizationSysprep, *types.CustomizationSysprepText:
		wrong = !windows
	case *types.CustomizationCloudinitPrep:
		return nil // it need not name the NICs
	}
	if wrong {
		return &types.UncustomizableGuest{UncustomizableGuestOS: config.GuestId}
	}
	nics := 0
	for _, device := range config.Hardware.Device {
		if _, isNIC := device.(types.BaseVirtualEthernetCard); isNIC {
			nics++
		}
	}
	for _, change := range added {
		if _, isNIC := change.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard); isNIC {
			nics++
		}
	}
	if len(spec.NicSettingMap) != nics {
		return &types.NicSettingMismatch{
			NumberOfNicsInSpec: int32(len(spec.NicSettingMap)), NumberOfNicsInVM: int32(nics),
		}
	}
	return nil
}

// CustomizeVMTask prepares a guest for its next start.
func (m *vmMethods) CustomizeVMTask(ctx *simulator.Context, req *types.CustomizeVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "CustomizeVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := checkCustomization(vm, vm.Config, nil, &req.Spec); fault != nil {
			return nil, fault
		}
		return wait(ctx, vm.CustomizeVMTask(ctx, req).(*methods.CustomizeVM_TaskBody).Res.Returnval)
	})
	return &methods.CustomizeVM_TaskBody{Res: &types.CustomizeVM_TaskResponse{Returnval: task}}
}
