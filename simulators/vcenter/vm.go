package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type vmMethods struct {
	methodSet
	inventory *inventory
}

// introduce finishes what govmomi leaves out of a new VM.
func (i *inventory) introduce(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	i.assignMACs(ctx, vm, false)
	seatControllers(ctx, vm)
	i.connect(ctx, vm)
	i.allocateNew(vm)
	i.layOut(ctx, vm)
	fault, record := types.VirtualMachineFaultToleranceStateNotConfigured, types.VirtualMachineRecordReplayStateInactive
	set(ctx, vm, map[string]types.AnyType{
		"runtime.faultToleranceState": fault, "summary.runtime.faultToleranceState": fault,
		"runtime.recordReplayState": record, "summary.runtime.recordReplayState": record,
		"guestHeartbeatStatus": types.ManagedEntityStatusGray,
	})
}

// scsiControllerUnit is the slot of its own bus that a SCSI controller takes.
const scsiControllerUnit = 7

// seatControllers gives SCSI controllers their slot, which vCenter always answers with and Nova reads, and has
// controllers list only the devices that there are.
func seatControllers(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	for _, device := range devices {
		if base, isController := device.(types.BaseVirtualController); isController {
			controller := base.GetVirtualController()
			controller.Device = slices.DeleteFunc(slices.Clone(controller.Device), func(key int32) bool {
				return devices.FindByKey(key) == nil
			})
		}
		if controller, isSCSI := device.(types.BaseVirtualSCSIController); isSCSI {
			controller.GetVirtualSCSIController().ScsiCtlrUnitNumber = scsiControllerUnit
		}
	}
	set(ctx, vm, map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device})
}

// assignMACs gives NICs without an address of their own one that no other VM has: it is made from the moref.
// govmomi knows 4,096 of them, and gives a clone those of its source.
func (i *inventory) assignMACs(ctx *simulator.Context, vm *simulator.VirtualMachine, isClone bool) {
	number, _ := strconv.Atoi(strings.TrimPrefix(vm.Self.Value, "vm-"))
	net, nic := slices.Clone(vm.Guest.Net), 0
	for _, device := range vm.Config.Hardware.Device {
		card, isNIC := device.(types.BaseVirtualEthernetCard)
		if !isNIC {
			continue
		}
		nic++
		ethernet := card.GetVirtualEthernetCard()
		manual := ethernet.AddressType == string(types.VirtualEthernetCardMacTypeManual)
		if manual || !isClone && !strings.HasPrefix(ethernet.MacAddress, "00:0c:29") {
			continue
		}
		ethernet.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
		ethernet.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x",
			0xa0+(i.spec.serverID+number>>14)&0x1f, number>>6&0xff, number<<2&0xfc|nic&3)
		for n := range net {
			if net[n].DeviceConfigId == ethernet.Key {
				net[n].MacAddress = ethernet.MacAddress
			}
		}
	}
	set(ctx, vm, map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device, "guest.net": net})
}

// PowerOnVMTask runs the VM on the host that the caller names, or where it is.
func (m *vmMethods) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "PowerOnVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.checkDisks(vm); fault != nil {
			return nil, fault
		}
		if fault := m.choose(ctx, vm, req.Host); fault != nil {
			return nil, fault
		}
		body := vm.PowerOnVMTask(ctx, req).(*methods.PowerOnVM_TaskBody)
		if body.Fault_ != nil {
			return nil, body.Fault_.VimFault().(types.BaseMethodFault)
		}
		result, fault := wait(ctx, body.Res.Returnval)
		m.inventory.unplugUnreachable(ctx, vm)
		return result, fault
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: task}}
}

// unplugUnreachable disconnects the NICs of a VM that came up on a host without their network.
func (i *inventory) unplugUnreachable(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	host := get[*simulator.HostSystem](ctx.Map, *vm.Runtime.Host)
	for _, device := range vm.Config.Hardware.Device {
		if _, isNIC := device.(types.BaseVirtualEthernetCard); !isNIC || !isConnected(device) {
			continue
		}
		network := i.networkOf(device.GetVirtualDevice().Backing)
		if network == nil || !slices.Contains(host.Network, network.Self) {
			device.GetVirtualDevice().Connectable.Connected = false
			set(ctx, vm, map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device})
		}
	}
}

// choose moves the VM to the named host. A member of the cluster that cannot run it is not an error: the
// API says that the current host is used then.
func (m *vmMethods) choose(
	ctx *simulator.Context, vm *simulator.VirtualMachine, wanted *types.ManagedObjectReference,
) types.BaseMethodFault {
	current := get[*simulator.HostSystem](ctx.Map, *vm.Runtime.Host)
	needed := m.inventory.datastoresOfVM(vm)
	if wanted != nil && *wanted != current.Self {
		host := findHost(m.inventory.hosts(m.inventory.clusterOf(current)), *wanted)
		if host == nil {
			return &types.InvalidArgument{InvalidProperty: "host"}
		}
		if m.inventory.usable(host, needed) == nil {
			moveToHost(ctx, vm, current, host)
			return nil
		}
	}
	return m.inventory.usable(current, needed)
}

func (i *inventory) datastoresOfVM(vm *simulator.VirtualMachine) []*simulator.Datastore {
	var all []*simulator.Datastore
	for _, ref := range vm.Datastore {
		all = append(all, get[*simulator.Datastore](i.registry(), ref))
	}
	return all
}

func moveToHost(ctx *simulator.Context, vm *simulator.VirtualMachine, from, to *simulator.HostSystem) {
	set(ctx, vm, map[string]types.AnyType{"runtime.host": to.Self, "summary.runtime.host": to.Self})
	ctx.WithLock(from, func() {
		left := slices.DeleteFunc(slices.Clone(from.Vm), func(r types.ManagedObjectReference) bool { return r == vm.Self })
		set(ctx, from, map[string]types.AnyType{"vm": left})
	})
	ctx.WithLock(to, func() { set(ctx, to, map[string]types.AnyType{"vm": append(slices.Clone(to.Vm), vm.Self)}) })
}

// ReconfigVMTask checks version and devices first, and keeps the networks' lists right.
func (m *vmMethods) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "ReconfigVM_Task", func() (types.AnyType, types.BaseMethodFault) {
		m.inventory.reconfiguring.Lock()
		defer m.inventory.reconfiguring.Unlock()
		if version := req.Spec.ChangeVersion; version != "" && version != vm.Config.ChangeVersion {
			return nil, &types.ConcurrentAccess{}
		}
		if fault := m.check(ctx, vm, req.Spec.DeviceChange); fault != nil {
			return nil, fault
		}
		destroyed := destroyedDisks(req.Spec.DeviceChange)
		result, fault := wait(ctx, vm.ReconfigVMTask(ctx, req).(*methods.ReconfigVM_TaskBody).Res.Returnval)
		if fault == nil {
			m.inventory.keepUUIDs(req.Spec.DeviceChange)
			for _, disk := range destroyed {
				m.inventory.deleteDisk(disk) // govmomi knows no delta disks
			}
		}
		m.inventory.assignMACs(ctx, vm, false)
		seatControllers(ctx, vm)
		m.inventory.connect(ctx, vm)
		m.inventory.allocateNew(vm)
		m.inventory.layOut(ctx, vm)
		return result, fault
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: task}}
}

func (m *vmMethods) check(
	ctx *simulator.Context, vm *simulator.VirtualMachine, changes []types.BaseVirtualDeviceConfigSpec,
) types.BaseMethodFault {
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	for n, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			continue
		}
		existing := devices.FindByKey(spec.Device.GetVirtualDevice().Key)
		if existing == nil {
			return &types.InvalidDeviceSpec{DeviceIndex: int32(n)}
		}
		if spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			spec.Device = existing // the key counts; a client need not send the rest
		} else if resizes(existing, spec.Device) && vm.Snapshot != nil && len(chainOf(existing)) > 1 {
			return &types.InvalidDeviceOperation{
				InvalidDeviceSpec: types.InvalidDeviceSpec{DeviceIndex: int32(n)}, BadOp: spec.Operation,
			}
		}
	}
	m.inventory.readCapacities(changes)
	m.inventory.readUUIDs(changes)
	if fault := m.inventory.checkLocks(vm, changes); fault != nil {
		return fault
	}
	if fault := m.inventory.checkSpace(changes, vm.Config.Files.VmPathName); fault != nil {
		return fault
	}
	host := get[*simulator.HostSystem](ctx.Map, *vm.Runtime.Host)
	return m.inventory.checkDevices(ctx, host, changes)
}

// resizes tells whether a disk is to get another capacity.
func resizes(existing, wanted types.BaseVirtualDevice) bool {
	is, isDisk := existing.(*types.VirtualDisk)
	to, toDisk := wanted.(*types.VirtualDisk)
	return isDisk && toDisk && (to.CapacityInBytes != 0 && to.CapacityInBytes != is.CapacityInBytes ||
		to.CapacityInKB != 0 && to.CapacityInKB != is.CapacityInKB)
}

// destroyedDisks lists the files that a change deletes.
func destroyedDisks(changes []types.BaseVirtualDeviceConfigSpec) []string {
	var files []string
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.FileOperation == types.VirtualDeviceConfigSpecFileOperationDestroy {
			if chain := chainOf(spec.Device); len(chain) > 0 {
				files = append(files, chain[0].FileName)
			}
		}
	}
	return files
}

// DestroyTask deletes the VM's files too, but for those that linked clones of it are made of.
func (m *vmMethods) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "Destroy_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.checkDisks(vm); fault != nil {
			return nil, fault
		}
		disks := m.inventory.owned(vm)
		if res := vm.UnregisterVM(ctx, &types.UnregisterVM{This: vm.Self}); res.Fault() != nil {
			return nil, res.Fault().VimFault().(types.BaseMethodFault)
		}
		m.inventory.leave(ctx, vm)
		m.inventory.deleteFiles(vm, disks)
		return nil, nil
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task}}
}

// UnregisterVM leaves the files where they are.
func (m *vmMethods) UnregisterVM(ctx *simulator.Context, req *types.UnregisterVM) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	var res soap.HasFault
	ctx.WithLock(vm, func() { res = vm.UnregisterVM(ctx, req) })
	if res.Fault() == nil {
		m.inventory.leave(ctx, vm)
	}
	return res
}

// leave takes a VM that is gone from where govmomi leaves it.
func (i *inventory) leave(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	i.disconnect(ctx, vm.Self)
	i.sharing.forget(vm.Self)
	if vm.Snapshot != nil {
		for _, tree := range flatten(vm.Snapshot.RootSnapshotList) {
			i.registry().Remove(ctx, tree.Snapshot)
		}
	}
}

// deleteFiles deletes the VM's own files and these of its disks, and the folders that are empty then.
func (i *inventory) deleteFiles(vm *simulator.VirtualMachine, disks map[string]bool) {
	_, vmx, _ := i.resolve(vm.Config.Files.VmPathName)
	folders := map[string]bool{filepath.Dir(vmx): true}
	entries, _ := os.ReadDir(filepath.Dir(vmx))
	for _, entry := range entries {
		if _, own := fileTypes[filepath.Ext(entry.Name())]; own {
			_ = os.Remove(filepath.Join(filepath.Dir(vmx), entry.Name()))
		}
	}
	for disk := range disks {
		i.deleteDisk(disk)
		if _, file, fault := i.resolve(disk); fault == nil {
			folders[filepath.Dir(file)] = true
		}
	}
	for folder := range folders {
		i.removeEmpty(folder)
	}
}

// RenameTask gives the VM another name, and leaves its files theirs.
func (m *vmMethods) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := run(ctx, vm, "Rename_Task", func() (types.AnyType, types.BaseMethodFault) {
		name := escapeName(req.NewName)
		if fault := taken(ctx, m.inventory.folder(*vm.Parent).ChildEntity, name, vm.Self); fault != nil {
			return nil, fault
		}
		if fault := checkName(name); fault != nil {
			return nil, fault
		}
		m.inventory.rename(ctx, vm, name)
		return nil, nil
	})
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{Returnval: task}}
}

func (*inventory) rename(ctx *simulator.Context, vm *simulator.VirtualMachine, name string) {
	set(ctx, vm, map[string]types.AnyType{"name": name, "config.name": name, "summary.config.name": name})
}

// maxName is the longest name of a VM: vSphere Virtual Machine Administration, "Select a Virtual Machine Name".
const maxName = 80

func checkName(name string) types.BaseMethodFault {
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return &types.InvalidName{Name: name}
	}
	return nil
}

// nobody is what asks for a name before it is made.
var nobody types.ManagedObjectReference

// taken refuses a name that another one of these objects has.
func taken(
	ctx *simulator.Context, siblings []types.ManagedObjectReference, name string, self types.ManagedObjectReference,
) types.BaseMethodFault {
	if other := ctx.Map.FindByName(name, siblings); other != nil && other.Reference() != self {
		return &types.DuplicateName{Name: name, Object: other.Reference()}
	}
	return nil
}
