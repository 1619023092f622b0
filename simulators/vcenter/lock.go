package main

import (
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A VM that runs holds a lock on the disks it writes to. Several VMs may have a disk; one of them can run.

// users lists the VMs whose disks are made of files that the condition holds for.
func (s *sharing) users(wanted func(file string) bool) []types.ManagedObjectReference {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var all []types.ManagedObjectReference
	for vm, files := range s.files {
		for file := range files {
			if wanted(file) {
				all = append(all, vm)
				break
			}
		}
	}
	return all
}

// locked refuses what needs a disk for itself while a VM that runs, another than this one, has it.
func (i *inventory) locked(self types.ManagedObjectReference, wanted func(file string) bool) types.BaseMethodFault {
	for _, ref := range i.sharing.users(wanted) {
		vm, there := i.registry().Get(ref).(*simulator.VirtualMachine)
		if there && ref != self && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			for _, backing := range i.backings(vm) {
				if wanted(backing.FileName) {
					return &types.FileLocked{FileFault: types.FileFault{File: backing.FileName}}
				}
			}
		}
	}
	return nil
}

func is(name string) func(string) bool { return func(file string) bool { return file == name } }

// in matches a file, and every file of a folder.
func in(name string) func(string) bool {
	folder := strings.TrimSuffix(name, "/") + "/"
	return func(file string) bool { return file == name || strings.HasPrefix(file, folder) }
}

// writes lists the files that a VM would write to if it ran.
func writes(devices []types.BaseVirtualDevice) []string {
	var all []string
	for _, device := range devices {
		chain := chainOf(device)
		if len(chain) > 0 && chain[0].Sharing != string(types.VirtualDiskSharingSharingMultiWriter) {
			all = append(all, chain[0].FileName)
		}
	}
	return all
}

// checkLocks refuses to give a VM that runs a disk that is locked, and to destroy one.
func (i *inventory) checkLocks(
	vm *simulator.VirtualMachine, changes []types.BaseVirtualDeviceConfigSpec,
) types.BaseMethodFault {
	running := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		added := running && spec.Operation == types.VirtualDeviceConfigSpecOperationAdd && spec.FileOperation == ""
		destroyed := spec.FileOperation == types.VirtualDeviceConfigSpecFileOperationDestroy
		if !added && !destroyed {
			continue
		}
		for _, file := range writes([]types.BaseVirtualDevice{spec.Device}) {
			if fault := i.locked(vm.Self, is(file)); fault != nil {
				return fault
			}
		}
	}
	return nil
}

// checkDisks refuses to run or to destroy a VM while another that runs has one of its disks.
func (i *inventory) checkDisks(vm *simulator.VirtualMachine) types.BaseMethodFault {
	for _, file := range writes(vm.Config.Hardware.Device) {
		if fault := i.locked(vm.Self, is(file)); fault != nil {
			return fault
		}
	}
	return nil
}

// DeleteVirtualDiskTask leaves the disk of a VM that runs alone.
func (m *diskMethods) DeleteVirtualDiskTask(ctx *simulator.Context, req *types.DeleteVirtualDisk_Task) soap.HasFault {
	manager := m.manager(ctx)
	task := run(ctx, manager, "DeleteVirtualDisk_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.locked(types.ManagedObjectReference{}, is(req.Name)); fault != nil {
			return nil, fault
		}
		return wait(ctx, manager.DeleteVirtualDiskTask(ctx, req).(*methods.DeleteVirtualDisk_TaskBody).Res.Returnval)
	})
	return &methods.DeleteVirtualDisk_TaskBody{Res: &types.DeleteVirtualDisk_TaskResponse{Returnval: task}}
}

type fileMethods struct {
	methodSet
	inventory *inventory
}

// DeleteDatastoreFileTask leaves a folder alone in which a VM that runs has a disk.
func (m *fileMethods) DeleteDatastoreFileTask(ctx *simulator.Context, req *types.DeleteDatastoreFile_Task) soap.HasFault {
	manager := ctx.Map.FileManager()
	task := run(ctx, manager, "DeleteDatastoreFile_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.locked(types.ManagedObjectReference{}, in(req.Name)); fault != nil {
			return nil, fault
		}
		return wait(ctx, manager.DeleteDatastoreFileTask(ctx, req).(*methods.DeleteDatastoreFile_TaskBody).Res.Returnval)
	})
	return &methods.DeleteDatastoreFile_TaskBody{Res: &types.DeleteDatastoreFile_TaskResponse{Returnval: task}}
}
