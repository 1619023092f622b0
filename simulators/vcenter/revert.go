package main

import (
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// RevertToSnapshotTask makes the VM what it was: hardware, options and identity, disks, and whether it runs.
func (m *snapshotMethods) RevertToSnapshotTask(ctx *simulator.Context, req *types.RevertToSnapshot_Task) soap.HasFault {
	r := reversion{m.inventory, m.vm(ctx, req.This), req.This, req.Host, isTrue(req.SuppressPowerOn)}
	task := m.inventory.jobs.change(ctx, r.vm, "RevertToSnapshot_Task", r.check, r.commit)
	return &methods.RevertToSnapshot_TaskBody{Res: &types.RevertToSnapshot_TaskResponse{Returnval: task}}
}

// RevertToCurrentSnapshotTask reverts to the snapshot that the VM is based on.
func (m *vmMethods) RevertToCurrentSnapshotTask(
	ctx *simulator.Context, req *types.RevertToCurrentSnapshot_Task,
) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	body := &methods.RevertToCurrentSnapshot_TaskBody{}
	if vm.Snapshot == nil || vm.Snapshot.CurrentSnapshot == nil {
		body.Fault_ = refusal(&types.NotFound{})
		return body
	}
	r := reversion{m.inventory, vm, *vm.Snapshot.CurrentSnapshot, req.Host, isTrue(req.SuppressPowerOn)}
	task := m.inventory.jobs.change(ctx, vm, "RevertToCurrentSnapshot_Task", r.check, r.commit)
	body.Res = &types.RevertToCurrentSnapshot_TaskResponse{Returnval: task}
	return body
}

type reversion struct {
	inventory *inventory
	vm        *simulator.VirtualMachine
	to        types.ManagedObjectReference
	host      *types.ManagedObjectReference
	keepOff   bool
}

func (r reversion) check(ctx *simulator.Context) types.BaseMethodFault {
	if treeOf(r.vm, r.to) == nil {
		return &types.ManagedObjectNotFound{Obj: r.to}
	}
	if fault := r.inventory.ready(r.vm); fault != nil {
		return fault
	}
	if r.host != nil {
		current := get[*simulator.HostSystem](ctx.Map, *r.vm.Runtime.Host)
		host := findHost(r.inventory.hosts(r.inventory.clusterOf(current)), *r.host)
		if host == nil {
			return &types.InvalidArgument{InvalidProperty: "host"}
		}
		if fault := r.inventory.usable(host, r.inventory.datastoresOfVM(r.vm)); fault != nil {
			return fault
		}
	}
	for _, device := range get[*simulator.VirtualMachineSnapshot](ctx.Map, r.to).Config.Hardware.Device {
		for _, backing := range chainOf(device) {
			if _, file, fault := r.inventory.resolve(backing.FileName); fault != nil || !fileExists(file) {
				return fileNotFound(backing.FileName)
			}
		}
	}
	return nil
}

func (r reversion) commit(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
	i, vm := r.inventory, r.vm
	before := i.snapshotDeltas(vm)
	old := vm.Config
	config := copyConfig(&get[*simulator.VirtualMachineSnapshot](ctx.Map, r.to).Config)
	config.Name, config.Files, config.Template, config.Modified = old.Name, old.Files, old.Template, time.Now()
	for n, device := range config.Hardware.Device {
		chain := chainOf(device)
		switch {
		case len(chain) == 0:
		case isIndependent(chain[0]):
			if now := findDevice(old, device); now != nil {
				config.Hardware.Device[n] = now // a snapshot is not about it
			}
		default:
			if fault := i.addDelta(device); fault != nil {
				return nil, fault
			}
		}
	}
	state := r.powerState()
	for _, device := range config.Hardware.Device {
		if c := device.GetVirtualDevice().Connectable; c != nil {
			c.Connected = c.StartConnected && state == types.VirtualMachinePowerStatePoweredOn
		}
	}
	info := types.VirtualMachineSnapshotInfo{
		RootSnapshotList: copyTree(vm.Snapshot.RootSnapshotList), CurrentSnapshot: &r.to,
	}
	i.showSnapshots(ctx, vm, info)
	i.showConfig(ctx, vm, &config)
	r.showPower(ctx, state)
	i.removeUnused(vm, before)
	i.connect(ctx, vm)
	i.showDisks(ctx, vm)
	return nil, nil
}

// snapshotDeltas lists the files that a VM writes to because of a snapshot. Those go with what was written; a disk
// that was attached after the snapshot stays where it is.
func (i *inventory) snapshotDeltas(vm *simulator.VirtualMachine) map[string]bool {
	kept := map[string]bool{}
	for _, config := range i.configurations(vm)[1:] {
		for _, device := range config.Hardware.Device {
			for _, backing := range chainOf(device) {
				kept[backing.FileName] = true
			}
		}
	}
	deltas := map[string]bool{}
	for _, device := range vm.Config.Hardware.Device {
		if chain := chainOf(device); len(chain) > 1 && kept[chain[1].FileName] {
			deltas[chain[0].FileName] = true
		}
	}
	return deltas
}

func findDevice(config *types.VirtualMachineConfigInfo, like types.BaseVirtualDevice) types.BaseVirtualDevice {
	for _, device := range config.Hardware.Device {
		if device.GetVirtualDevice().Key == like.GetVirtualDevice().Key {
			return device
		}
	}
	return nil
}

// powerState is what the VM comes up in: that of the snapshot, if it has the memory.
func (r reversion) powerState() types.VirtualMachinePowerState {
	state := treeOf(r.vm, r.to).State
	if state == types.VirtualMachinePowerStatePoweredOn && r.keepOff {
		return types.VirtualMachinePowerStateSuspended
	}
	return state
}

// showConfig replaces a VM's configuration, with all that repeats parts of it. Of a NIC that stays, VMware Tools
// report the address that it had: no guest is there to ask for another one.
func (i *inventory) showConfig(
	ctx *simulator.Context, vm *simulator.VirtualMachine, config *types.VirtualMachineConfigInfo,
) {
	disks, nics := int32(0), int32(0)
	var net []types.GuestNicInfo
	for _, device := range config.Hardware.Device {
		switch d := device.(type) {
		case *types.VirtualDisk:
			disks++
		case types.BaseVirtualEthernetCard:
			nics++
			info := types.GuestNicInfo{
				MacAddress: d.GetVirtualEthernetCard().MacAddress, DeviceConfigId: d.GetVirtualEthernetCard().Key,
			}
			if network := i.networkOf(d.GetVirtualEthernetCard().Backing); network != nil {
				info.Network = network.Name
			}
			for _, was := range vm.Guest.Net {
				if was.MacAddress == info.MacAddress {
					info.IpAddress, info.IpConfig = was.IpAddress, was.IpConfig
				}
			}
			net = append(net, info)
		}
	}
	set(ctx, vm, map[string]types.AnyType{
		"config": config, "guest.net": net,
		"summary.config.uuid": config.Uuid, "summary.config.instanceUuid": config.InstanceUuid,
		"summary.config.annotation": config.Annotation, "summary.config.managedBy": config.ManagedBy,
		"summary.config.guestId": config.GuestId, "summary.config.guestFullName": config.GuestFullName,
		"summary.config.numCpu": config.Hardware.NumCPU, "summary.config.memorySizeMB": config.Hardware.MemoryMB,
		"summary.config.numVirtualDisks": disks, "summary.config.numEthernetCards": nics,
	})
}

func (r reversion) showPower(ctx *simulator.Context, state types.VirtualMachinePowerState) {
	changes := map[string]types.AnyType{"runtime.powerState": state, "summary.runtime.powerState": state}
	if state == types.VirtualMachinePowerStatePoweredOn {
		changes["runtime.bootTime"], changes["summary.runtime.bootTime"] = time.Now(), time.Now()
	}
	set(ctx, r.vm, changes)
	if r.host != nil && *r.host != *r.vm.Runtime.Host && state == types.VirtualMachinePowerStatePoweredOn {
		from := get[*simulator.HostSystem](ctx.Map, *r.vm.Runtime.Host)
		moveToHost(ctx, r.vm, from, get[*simulator.HostSystem](ctx.Map, *r.host))
	}
}
