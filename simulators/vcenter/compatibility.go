package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// problem is what stands against a VM on a host: an error, or a warning.
type problem struct {
	test    types.CheckTestType
	fault   types.BaseMethodFault
	warning bool
}

type problems []problem

func (p problems) errors() []types.BaseMethodFault {
	var faults []types.BaseMethodFault
	for _, each := range p {
		if !each.warning {
			faults = append(faults, each.fault)
		}
	}
	return faults
}

// result is what a checker answers, of the tests that were asked for: all, if none were.
func (p problems) result(vm, host types.ManagedObjectReference, tests []string) types.CheckResult {
	result := types.CheckResult{Vm: &vm, Host: &host}
	for _, each := range p {
		if len(tests) > 0 && !slices.Contains(tests, string(each.test)) {
			continue
		}
		if each.warning {
			result.Warning = append(result.Warning, localized(each.fault))
		} else {
			result.Error = append(result.Error, localized(each.fault))
		}
	}
	return result
}

func localized(fault types.BaseMethodFault) types.LocalizedMethodFault {
	return types.LocalizedMethodFault{Fault: fault, LocalizedMessage: message(fault)}
}

// problems finds what stands against a relocation.
func (r *relocation) problems() (found problems) {
	add := func(test types.CheckTestType, faults ...types.BaseMethodFault) {
		for _, fault := range faults {
			if fault != nil {
				found = append(found, problem{test: test, fault: fault})
			}
		}
	}
	add(types.CheckTestTypeSourceTests, r.sourceFault())
	add(types.CheckTestTypeHostTests, r.inventory.usable(r.to, nil))
	add(types.CheckTestTypeDatastoreTests, r.datastoreFaults()...)
	add(types.CheckTestTypeDatastoreTests, r.spaceFaults()...)
	return append(found, r.networkProblems()...)
}

func (r *relocation) sourceFault() types.BaseMethodFault {
	switch {
	case r.from.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		return &types.HostNotConnected{}
	case r.vm.Runtime.ConnectionState != types.VirtualMachineConnectionStateConnected:
		return &types.InvalidState{}
	}
	return nil
}

// datastoreFaults are those of datastores that were asked for, and of files which stay and the host does not reach.
func (r *relocation) datastoreFaults() []types.BaseMethodFault {
	var faults []types.BaseMethodFault
	refused := map[types.ManagedObjectReference]bool{}
	check := func(file string, to *simulator.Datastore, stays func(types.LocalizedMethodFault) types.BaseMethodFault) {
		now, _, _ := r.inventory.resolve(file)
		switch {
		case now == to:
			if fault := reachFault(r.to, to); fault != nil {
				faults = append(faults, stays(localized(fault)))
			}
		case refused[to.Self]:
		default:
			if fault := mountFault(r.to, to); fault != nil {
				refused[to.Self] = true
				faults = append(faults, fault)
			} else if fault := reachFault(r.from, now); fault != nil {
				faults = append(faults, fault)
			}
		}
	}
	check(r.vm.Config.Files.VmPathName, r.home, func(reason types.LocalizedMethodFault) types.BaseMethodFault {
		return &types.CannotAccessVmConfig{Reason: reason}
	})
	for _, device := range r.vm.Config.Hardware.Device {
		chain := chainOf(device)
		for n, backing := range chain {
			to := r.disks[device.GetVirtualDevice().Key]
			if n > 0 && !r.moves(device, backing) {
				to, _, _ = r.inventory.resolve(backing.FileName)
			}
			check(backing.FileName, to, func(reason types.LocalizedMethodFault) types.BaseMethodFault {
				return &types.CannotAccessVmDisk{Fault: reason, CannotAccessVmDevice: types.CannotAccessVmDevice{
					Device: label(device), Backing: backing.FileName, Connected: true,
				}}
			})
		}
	}
	return faults
}

// reachFault gives the fault of reading files that are on the datastore already: maintenance mode does not matter.
func reachFault(host *simulator.HostSystem, ds *simulator.Datastore) types.BaseMethodFault {
	fault := mountFault(host, ds)
	if _, inMaintenance := fault.(*types.InvalidDatastoreState); inMaintenance {
		return nil
	}
	return fault
}

// spaceFaults are those of datastores that are too full for what would come to them.
func (r *relocation) spaceFaults() []types.BaseMethodFault {
	wanted := map[*simulator.Datastore]int64{}
	for _, step := range r.steps() {
		if step.to != step.from {
			wanted[step.to] += step.bytes()
		}
	}
	var faults []types.BaseMethodFault
	for ds, bytes := range wanted {
		if bytes > ds.Summary.Capacity-usedBytes(ds) {
			faults = append(faults, &types.NoDiskSpace{
				FileFault: types.FileFault{File: (&object.DatastorePath{Datastore: ds.Name}).String()}, Datastore: ds.Name,
			})
		}
	}
	return faults
}

// networkProblems are those of NICs whose network the host has not. VWS CannotAccessNetwork says which are errors.
func (r *relocation) networkProblems() (found problems) {
	for _, device := range r.vm.Config.Hardware.Device {
		if _, isNIC := device.(types.BaseVirtualEthernetCard); !isNIC {
			continue
		}
		index, backing := r.newBacking(device)
		if given := backing != nil; given && !r.reaches(backing) {
			found = append(found, problem{test: types.CheckTestTypeNetworkTests, fault: &types.InvalidDeviceSpec{
				InvalidVmConfig: types.InvalidVmConfig{Property: "virtualDeviceSpec.device.backing"},
				DeviceIndex:     int32(index),
			}})
		} else if backing := device.GetVirtualDevice().Backing; !given && !r.reaches(backing) {
			connected := isConnected(device)
			_, isStandard := backing.(*types.VirtualEthernetCardNetworkBackingInfo)
			found = append(found, problem{
				test: types.CheckTestTypeNetworkTests, fault: r.networkFault(device, connected),
				warning: isStandard && !connected,
			})
		}
	}
	return found
}

func (r *relocation) reaches(backing types.BaseVirtualDeviceBackingInfo) bool {
	network := r.inventory.networkOf(backing)
	return network != nil && slices.Contains(r.to.Network, network.Self)
}

func (r *relocation) networkFault(device types.BaseVirtualDevice, connected bool) types.BaseMethodFault {
	fault := &types.CannotAccessNetwork{CannotAccessVmDevice: types.CannotAccessVmDevice{
		Device: label(device), Connected: connected,
	}}
	if network := r.inventory.networkOf(device.GetVirtualDevice().Backing); network != nil {
		fault.Network, fault.Backing = &network.Self, network.Name
	}
	return fault
}

func isConnected(device types.BaseVirtualDevice) bool {
	connectable := device.GetVirtualDevice().Connectable
	return connectable != nil && connectable.Connected
}

// label is what people call a device: "Hard disk 1".
func label(device types.BaseVirtualDevice) string {
	if info := device.GetVirtualDevice().DeviceInfo; info != nil {
		return info.GetDescription().Label
	}
	return ""
}

type checkerMethods struct {
	methodSet
	inventory *inventory
}

// CheckRelocateTask says of each host that the specification allows what stands against it.
func (m *checkerMethods) CheckRelocateTask(ctx *simulator.Context, req *types.CheckRelocate_Task) soap.HasFault {
	checker := get[*simulator.VmProvisioningChecker](ctx.Map, req.This)
	task := run(ctx, checker, "CheckRelocate_Task", func() (results types.AnyType, fault types.BaseMethodFault) {
		vm, ok := ctx.Map.Get(req.Vm).(*simulator.VirtualMachine)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: req.Vm}
		}
		ctx.WithLock(vm, func() { results, fault = m.check(vm, &req.Spec, req.TestType) })
		return results, fault
	})
	return &methods.CheckRelocate_TaskBody{Res: &types.CheckRelocate_TaskResponse{Returnval: task}}
}

func (m *checkerMethods) check(
	vm *simulator.VirtualMachine, spec *types.VirtualMachineRelocateSpec, tests []string,
) (types.AnyType, types.BaseMethodFault) {
	candidates, fault := m.inventory.relocationHosts(vm, spec)
	if fault != nil {
		return nil, fault
	}
	var all types.ArrayOfCheckResult
	for _, host := range candidates {
		r, fault := m.inventory.newRelocation(vm, spec, host)
		if fault != nil {
			return nil, fault
		}
		all.CheckResult = append(all.CheckResult, r.problems().result(vm.Self, host.Self, tests))
	}
	return all, nil
}

// QueryVMotionCompatibilityExTask compares each VM with each host, taking VMs for running and hosts for able to.
func (m *checkerMethods) QueryVMotionCompatibilityExTask(
	ctx *simulator.Context, req *types.QueryVMotionCompatibilityEx_Task,
) soap.HasFault {
	checker := get[*simulator.VmProvisioningChecker](ctx.Map, req.This)
	task := run(ctx, checker, "QueryVMotionCompatibilityEx_Task", func() (types.AnyType, types.BaseMethodFault) {
		var all types.ArrayOfCheckResult
		for _, vmRef := range req.Vm {
			vm, ok := ctx.Map.Get(vmRef).(*simulator.VirtualMachine)
			if !ok {
				return nil, &types.ManagedObjectNotFound{Obj: vmRef}
			}
			for _, hostRef := range req.Host {
				host, ok := ctx.Map.Get(hostRef).(*simulator.HostSystem)
				if !ok {
					return nil, &types.ManagedObjectNotFound{Obj: hostRef}
				}
				var result types.CheckResult
				ctx.WithLock(vm, func() { result = m.vMotion(vm, host) })
				all.CheckResult = append(all.CheckResult, result)
			}
		}
		return all, nil
	})
	return &methods.QueryVMotionCompatibilityEx_TaskBody{
		Res: &types.QueryVMotionCompatibilityEx_TaskResponse{Returnval: task},
	}
}

func (m *checkerMethods) vMotion(vm *simulator.VirtualMachine, host *simulator.HostSystem) types.CheckResult {
	r, fault := m.inventory.newRelocation(vm, &types.VirtualMachineRelocateSpec{}, host)
	if fault != nil {
		return problems{{fault: fault}}.result(vm.Self, host.Self, nil)
	}
	var found problems
	for _, fault := range r.datastoreFaults() {
		found = append(found, problem{fault: fault})
	}
	return append(found, r.networkProblems()...).result(vm.Self, host.Self, nil)
}
