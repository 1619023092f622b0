package main

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A host that can hold the flavors people use; govmomi's template has 2 cores and 4 GB.
const (
	hostPackages    = 2
	hostCores       = 32
	hostThreads     = 64
	hostMHz         = 2600
	hostMemoryBytes = 512 << 30
)

func (i *inventory) createHost(
	ctx *simulator.Context, cluster *simulator.ClusterComputeResource, name string,
) (*simulator.HostSystem, error) {
	body := cluster.AddHostTask(ctx, &types.AddHost_Task{
		This: cluster.Self, Spec: types.HostConnectSpec{HostName: name}, AsConnected: true,
	})
	result, err := i.task(body.(*methods.AddHost_TaskBody).Res.Returnval)
	if err != nil {
		return nil, err
	}
	host := i.registry().Get(result.(types.ManagedObjectReference)).(*simulator.HostSystem)
	i.sizeHost(cluster, host)
	i.wireHost(host)
	return host, i.joinSwitch(ctx, host)
}

func (i *inventory) sizeHost(cluster *simulator.ClusterComputeResource, host *simulator.HostSystem) {
	hardware := host.Summary.Hardware
	total := cluster.Summary.GetComputeResourceSummary()
	total.TotalCpu += hostCores*hostMHz - hardware.CpuMhz
	total.EffectiveCpu += hostCores*hostMHz - hardware.CpuMhz
	total.NumCpuCores += hostCores - hardware.NumCpuCores
	total.NumCpuThreads += hostThreads - hardware.NumCpuThreads
	total.TotalMemory += hostMemoryBytes - hardware.MemorySize
	total.EffectiveMemory = total.TotalMemory >> 20 // the API has this one in MB

	hardware.NumCpuPkgs, hardware.NumCpuCores, hardware.NumCpuThreads = hostPackages, hostCores, hostThreads
	hardware.CpuMhz, hardware.MemorySize = hostMHz, hostMemoryBytes
	hardware.Uuid = i.uuid()
	host.Hardware.SystemInfo.Uuid = hardware.Uuid
	host.Hardware.MemorySize = hostMemoryBytes
	host.Hardware.CpuInfo = types.HostCpuInfo{
		NumCpuPackages: hostPackages, NumCpuCores: hostCores, NumCpuThreads: hostThreads, Hz: hostMHz * 1e6,
	}
	host.Summary.OverallStatus = types.ManagedEntityStatusGreen
}

// wireHost makes the network system and the host's configuration one and the same, as they are on ESXi.
func (i *inventory) wireHost(host *simulator.HostSystem) {
	network := host.Config.Network
	for n := range network.Pnic {
		network.Pnic[n].Mac = fmt.Sprintf("00:25:90:%02x:%02x:%02x", i.random.Intn(256), i.random.Intn(256), n)
	}
	i.networkSystem(host).NetworkInfo = network
}

func (i *inventory) networkSystem(host *simulator.HostSystem) *simulator.HostNetworkSystem {
	return i.registry().Get(*host.ConfigManager.NetworkSystem).(*simulator.HostNetworkSystem)
}

type hostMethods struct {
	methodSet
	inventory *inventory
}

// EnterMaintenanceModeTask does what a cluster with DRS does: the host takes no new VMs from now on, those
// that run move to others, and the task waits for those that cannot, up to its timeout.
func (m *hostMethods) EnterMaintenanceModeTask(
	ctx *simulator.Context, req *types.EnterMaintenanceMode_Task,
) soap.HasFault {
	host := get[*simulator.HostSystem](ctx.Map, req.This)
	body := &methods.EnterMaintenanceMode_TaskBody{}
	if host.Runtime.InMaintenanceMode {
		body.Fault_ = refusal(&types.InvalidState{})
		return body
	}
	task := m.inventory.jobs.run(ctx, host, "EnterMaintenanceMode_Task", func(w *job) (types.AnyType, types.BaseMethodFault) {
		return nil, waitUntil(req.Timeout, func() (bool, types.BaseMethodFault) {
			if w.isCancelled() {
				return true, &types.RequestCanceled{}
			}
			if m.evacuate(w.ctx, host, isTrue(req.EvacuatePoweredOffVms)) > 0 {
				return false, nil
			}
			m.setMaintenance(w.ctx, host, true)
			return true, nil
		})
	})
	body.Res = &types.EnterMaintenanceMode_TaskResponse{Returnval: task}
	return body
}

// evacuate moves VMs away and tells how many running ones are left.
func (m *hostMethods) evacuate(ctx *simulator.Context, host *simulator.HostSystem, poweredOff bool) int {
	others := slices.DeleteFunc(m.inventory.hosts(m.inventory.clusterOf(host)), func(h *simulator.HostSystem) bool {
		return h.Self == host.Self
	})
	left := 0
	for _, ref := range slices.Clone(host.Vm) {
		vm := get[*simulator.VirtualMachine](ctx.Map, ref)
		running := vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff
		if !running && !poweredOff {
			continue
		}
		target := m.inventory.place(others, m.inventory.datastoresOfVM(vm))
		if target != nil && m.inventory.jobs.busy(ref, false) == nil {
			to := get[*simulator.HostSystem](ctx.Map, *target)
			ctx.WithLock(vm, func() { moveToHost(ctx, vm, host, to) })
		} else if running {
			left++
		}
	}
	return left
}

// ExitMaintenanceModeTask lets the host take VMs again.
func (m *hostMethods) ExitMaintenanceModeTask(
	ctx *simulator.Context, req *types.ExitMaintenanceMode_Task,
) soap.HasFault {
	host := get[*simulator.HostSystem](ctx.Map, req.This)
	body := &methods.ExitMaintenanceMode_TaskBody{}
	if !host.Runtime.InMaintenanceMode {
		body.Fault_ = refusal(&types.InvalidState{})
		return body
	}
	task := run(ctx, host, "ExitMaintenanceMode_Task", func() (types.AnyType, types.BaseMethodFault) {
		m.setMaintenance(ctx, host, false)
		return nil, nil
	})
	body.Res = &types.ExitMaintenanceMode_TaskResponse{Returnval: task}
	return body
}

func (m *hostMethods) setMaintenance(ctx *simulator.Context, host *simulator.HostSystem, in bool) {
	ctx.WithLock(host, func() {
		set(ctx, host, map[string]types.AnyType{
			"runtime.inMaintenanceMode": in, "summary.runtime.inMaintenanceMode": in,
		})
	})
}

// DisconnectHostTask makes vCenter know nothing new of the host and of what is on it.
func (m *hostMethods) DisconnectHostTask(ctx *simulator.Context, req *types.DisconnectHost_Task) soap.HasFault {
	host := get[*simulator.HostSystem](ctx.Map, req.This)
	task := m.inventory.jobs.run(ctx, host, "DisconnectHost_Task", func(w *job) (types.AnyType, types.BaseMethodFault) {
		m.setConnection(w.ctx, host, types.HostSystemConnectionStateDisconnected,
			types.VirtualMachineConnectionStateDisconnected)
		return nil, nil
	})
	return &methods.DisconnectHost_TaskBody{Res: &types.DisconnectHost_TaskResponse{Returnval: task}}
}

// ReconnectHostTask undoes it.
func (m *hostMethods) ReconnectHostTask(ctx *simulator.Context, req *types.ReconnectHost_Task) soap.HasFault {
	host := get[*simulator.HostSystem](ctx.Map, req.This)
	task := m.inventory.jobs.run(ctx, host, "ReconnectHost_Task", func(w *job) (types.AnyType, types.BaseMethodFault) {
		if host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected {
			return nil, &types.InvalidState{}
		}
		m.setConnection(w.ctx, host, types.HostSystemConnectionStateConnected,
			types.VirtualMachineConnectionStateConnected)
		return nil, nil
	})
	return &methods.ReconnectHost_TaskBody{Res: &types.ReconnectHost_TaskResponse{Returnval: task}}
}

// setConnection does not hold the host while it changes the VMs: one that moves holds itself, and wants the host.
func (m *hostMethods) setConnection(
	ctx *simulator.Context, host *simulator.HostSystem,
	state types.HostSystemConnectionState, vmState types.VirtualMachineConnectionState,
) {
	var vms []types.ManagedObjectReference
	ctx.WithLock(host, func() {
		set(ctx, host, map[string]types.AnyType{
			"runtime.connectionState": state, "summary.runtime.connectionState": state,
		})
		vms = slices.Clone(host.Vm)
	})
	for _, ref := range vms {
		vm := get[*simulator.VirtualMachine](ctx.Map, ref)
		ctx.WithLock(vm, func() {
			set(ctx, vm, map[string]types.AnyType{
				"runtime.connectionState": vmState, "summary.runtime.connectionState": vmState,
			})
		})
	}
	for _, ref := range host.Datastore {
		m.inventory.setAccessible(ctx, get[*simulator.Datastore](ctx.Map, ref))
	}
}
