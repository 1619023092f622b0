package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) snapshot(vm *object.VirtualMachine, name string, memory bool) types.ManagedObjectReference {
	l.Helper()
	return l.done(vm.CreateSnapshot(l.ctx, name, "", memory, false)).Result.(types.ManagedObjectReference)
}

func (l *lab) revert(snapshot types.ManagedObjectReference, suppressPowerOn bool) (*object.Task, error) {
	l.Helper()
	res, err := methods.RevertToSnapshot_Task(l.ctx, l.client, &types.RevertToSnapshot_Task{
		This: snapshot, SuppressPowerOn: &suppressPowerOn,
	})
	l.must(err)
	return object.NewTask(l.client, res.Returnval), nil
}

func (l *lab) remove(snapshot types.ManagedObjectReference, children bool, consolidate *bool) (*object.Task, error) {
	l.Helper()
	res, err := methods.RemoveSnapshot_Task(l.ctx, l.client, &types.RemoveSnapshot_Task{
		This: snapshot, RemoveChildren: children, Consolidate: consolidate,
	})
	if err != nil {
		return nil, err
	}
	return object.NewTask(l.client, res.Returnval), nil
}

// chain names the files of a VM's first disk, the one that is written to first.
func (l *lab) chain(vm *object.VirtualMachine) []string {
	l.Helper()
	var names []string
	for _, backing := range chainOf(l.firstDisk(vm)) {
		names = append(names, strings.TrimSuffix(filepath.Base(backing.FileName), ".vmdk"))
	}
	return names
}

func (l *lab) props(vm *object.VirtualMachine) (m mo.VirtualMachine) {
	l.Helper()
	l.read(vm, &m, "config", "snapshot", "rootSnapshot", "layoutEx", "runtime", "summary.config")
	return m
}

func TestASnapshotKeepsTheDisksAndGoesOnWithDeltas(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, false, ""))
	free := l.summary("shared1").FreeSpace
	first := l.snapshot(vm, "a", true)
	second := l.snapshot(vm, "a", false)
	if got := fmt.Sprint(l.chain(vm)); got != "[vm-000002 vm-000001 vm]" {
		t.Errorf("chain %s", got)
	}
	if taken := free - l.summary("shared1").FreeSpace; taken < 2*deltaBytes || taken > 3*deltaBytes {
		t.Errorf("took %d", taken)
	}
	m := l.props(vm)
	root := m.Snapshot.RootSnapshotList[0]
	if root.Snapshot != first || root.State != types.VirtualMachinePowerStatePoweredOff || root.Id != 1 ||
		root.ChildSnapshotList[0].Snapshot != second || *m.Snapshot.CurrentSnapshot != second || m.RootSnapshot[0] != first {
		t.Errorf("%+v", m.Snapshot)
	}
	var s mo.VirtualMachineSnapshot
	l.read(first, &s, "config.hardware.device", "childSnapshot")
	disk := object.VirtualDeviceList(s.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil))[0]
	if chain := chainOf(disk); len(chain) != 1 || chain[0].FileName != "[shared1] vm/vm.vmdk" || s.ChildSnapshot[0] != second {
		t.Errorf("%+v, children %v", disk, s.ChildSnapshot)
	}
	layout := m.LayoutEx
	if len(layout.Snapshot) != 2 || layout.Snapshot[0].MemoryKey != -1 || layout.Snapshot[0].DataKey < 0 ||
		len(layout.Snapshot[1].Disk[0].Chain) != 2 || len(layout.Disk[0].Chain) != 3 {
		t.Errorf("%+v", layout)
	}
	l.done(l.remove(first, false, nil))
	l.done(l.remove(second, false, nil))
	if m := l.props(vm); m.Snapshot != nil || len(m.RootSnapshot) != 0 || fmt.Sprint(l.chain(vm)) != "[vm]" {
		t.Errorf("%+v, %v", m.Snapshot, l.chain(vm))
	}
	if after := l.summary("shared1").FreeSpace; after > free || free-after > 1<<10 {
		t.Errorf("%d free, %d before", after, free)
	}
	third := l.snapshot(vm, "b", false)
	if tree := l.props(vm).Snapshot.RootSnapshotList[0]; tree.Snapshot != third || tree.Id != 3 {
		t.Errorf("%+v", tree)
	}
}

func TestASnapshotWithMemory(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.done(l.powerOn(vm, nil))
	free := l.summary("shared1").FreeSpace
	with, without := l.snapshot(vm, "with", true), l.snapshot(vm, "without", false)
	root := l.props(vm).Snapshot.RootSnapshotList[0]
	if root.State != types.VirtualMachinePowerStatePoweredOn ||
		root.ChildSnapshotList[0].State != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("%+v", root)
	}
	if taken := free - l.summary("shared1").FreeSpace; taken < 64<<20+2*deltaBytes {
		t.Errorf("took %d", taken)
	}
	state := func() types.VirtualMachinePowerState { return l.props(vm).Runtime.PowerState }
	l.done(l.revert(without, false))
	if got := state(); got != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("without memory: %s", got)
	}
	l.done(l.revert(with, false))
	if got := state(); got != types.VirtualMachinePowerStatePoweredOn {
		t.Errorf("with memory: %s", got)
	}
	l.done(l.revert(with, true))
	if got := state(); got != types.VirtualMachinePowerStateSuspended {
		t.Errorf("not to be powered on: %s", got)
	}
}

func TestRevertBringsBackTheConfiguration(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, "VLAN 10"))
	option := func(value string) []types.BaseOptionValue {
		return []types.BaseOptionValue{&types.OptionValue{Key: "nvp.vm-uuid", Value: value}}
	}
	l.done(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{ExtraConfig: option("old")}))
	old := l.props(vm)
	first := l.snapshot(vm, "before", false)
	second := l.snapshot(vm, "between", false)
	l.done(vm.Rename(l.ctx, "renamed"))
	manager := l.disk("[shared1] volume.vmdk", types.VirtualDiskTypeThin, gb)
	volume := &types.VirtualDisk{CapacityInBytes: gb}
	volume.ControllerKey, volume.UnitNumber = l.firstDisk(vm).ControllerKey, types.NewInt32(3)
	volume.Backing = &flatBacking{VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[shared1] volume.vmdk"}}
	l.done(vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{
		ExtraConfig: option("new"), InstanceUuid: "11111111-2222-3333-4444-555555555555", MemoryMB: 128,
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{
			&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: volume},
			&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: l.nic(vm)},
		},
	}))
	if slices.Contains(l.network("VLAN 10").Vm, vm.Reference()) {
		t.Error("the NIC is still there")
	}
	l.done(l.revert(first, false))
	now := l.props(vm)
	options := object.OptionValueList(now.Config.ExtraConfig)
	if key, _ := options.GetString("nvp.vm-uuid"); key != "old" {
		t.Errorf("nvp.vm-uuid %q", key)
	}
	if now.Config.InstanceUuid != old.Config.InstanceUuid || now.Summary.Config.InstanceUuid != old.Config.InstanceUuid ||
		now.Config.Hardware.MemoryMB != 64 || now.Config.Name != "renamed" || now.Summary.Config.NumVirtualDisks != 1 ||
		now.Summary.Config.NumEthernetCards != 1 || *now.Snapshot.CurrentSnapshot != first {
		t.Errorf("%+v", now.Config)
	}
	if !slices.Contains(l.network("VLAN 10").Vm, vm.Reference()) {
		t.Error("the NIC is not back")
	}
	if got := fmt.Sprint(l.chain(vm)); got != "[vm-000003 vm]" && got != "[vm-000002 vm]" {
		t.Errorf("chain %s", got)
	}
	l.done(manager.DeleteVirtualDisk(l.ctx, "[shared1] volume.vmdk", l.dc)) // is there, but not the VM's
	branch := l.snapshot(vm, "branch", false)
	root := l.props(vm).Snapshot.RootSnapshotList[0]
	if len(root.ChildSnapshotList) != 2 || root.ChildSnapshotList[1].Snapshot != branch {
		t.Errorf("%+v", root)
	}
	l.done(l.remove(first, false, nil))
	m := l.props(vm)
	if len(m.Snapshot.RootSnapshotList) != 2 || *m.Snapshot.CurrentSnapshot != branch || m.Runtime.ConsolidationNeeded {
		t.Errorf("%+v", m.Snapshot)
	}
	l.done(l.revert(second, false))
	l.done(vm.RemoveAllSnapshot(l.ctx, nil))
	if got := fmt.Sprint(l.chain(vm)); got != "[vm]" || len(l.files("shared1")) > 6 {
		t.Errorf("chain %s, files %v", got, l.files("shared1"))
	}
	_, err := l.remove(second, false, nil)
	l.refused(err, &types.ManagedObjectNotFound{})
}

func TestABranchIsRemoved(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	first, second := l.snapshot(vm, "1", false), l.snapshot(vm, "2", false)
	l.snapshot(vm, "3", false)
	l.done(l.remove(second, true, nil))
	m := l.props(vm)
	if len(m.Snapshot.RootSnapshotList[0].ChildSnapshotList) != 0 || *m.Snapshot.CurrentSnapshot != first ||
		len(l.chain(vm)) != 2 {
		t.Errorf("%+v, %v", m.Snapshot, l.chain(vm))
	}
	l.done(l.revert(first, false))
	if got := l.chain(vm); len(got) != 2 {
		t.Errorf("chain %v", got)
	}
}

func TestConsolidation(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.done(l.remove(l.snapshot(vm, "1", false), false, types.NewBool(false)))
	m := l.props(vm)
	if !m.Runtime.ConsolidationNeeded || m.Snapshot != nil || len(l.chain(vm)) != 2 {
		t.Errorf("needed %t, %v", m.Runtime.ConsolidationNeeded, l.chain(vm))
	}
	res, err := methods.ConsolidateVMDisks_Task(l.ctx, l.client, &types.ConsolidateVMDisks_Task{This: vm.Reference()})
	l.must(err)
	l.done(object.NewTask(l.client, res.Returnval), nil)
	if l.props(vm).Runtime.ConsolidationNeeded || len(l.chain(vm)) != 1 {
		t.Errorf("still needed, %v", l.chain(vm))
	}
}

func TestSnapshotsThatAreRefused(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	for n := range maxSnapshotLevels {
		l.snapshot(vm, fmt.Sprint(n), false)
	}
	task, err := vm.CreateSnapshot(l.ctx, "too deep", "", false, false)
	l.failed(task, err, &types.TooManySnapshotLevels{})
	disk := l.firstDisk(vm)
	disk.CapacityInBytes, disk.CapacityInKB = 2*gb, 2*gb>>10
	task, err = vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: disk},
	}})
	l.failed(task, err, &types.InvalidDeviceOperation{})

	spec := vmSpec("independent", "shared1", gb, true, "")
	spec.DeviceChange[1].GetVirtualDeviceConfigSpec().Device.GetVirtualDevice().Backing.(*flatBacking).DiskMode =
		string(types.VirtualDiskModeIndependent_persistent)
	independent := l.create("cluster1", nil, spec)
	l.done(l.powerOn(independent, nil))
	task, err = independent.CreateSnapshot(l.ctx, "memory", "", true, false)
	l.failed(task, err, &types.MemorySnapshotOnIndependentDisk{})
	l.snapshot(independent, "disk", false)
	if got := l.chain(independent); len(got) != 1 {
		t.Errorf("chain %v", got)
	}
	task, err = vm.CreateSnapshot(l.ctx, "", "", true, false)
	l.failed(task, err, &types.InvalidName{})
}

func TestOnlyToolsQuiesce(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 6 })
	for name, want := range map[string]bool{"app-001": true, "app-006": false, "app-004": false} {
		vm, err := l.find.VirtualMachine(l.ctx, name) // 006 has no Tools, 004 is off
		l.must(err)
		l.done(vm.CreateSnapshot(l.ctx, "quiesced", "", false, true))
		if got := l.props(vm).Snapshot.RootSnapshotList[0].Quiesced; got != want {
			t.Errorf("%s: quiesced %t", name, got)
		}
	}
}

func TestNamesAreEscaped(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec(`a/b\c 100%`, "shared1", gb, true, ""))
	l.snapshot(vm, `x/y%2fz 50% %`, false)
	m := l.props(vm)
	if got := m.Snapshot.RootSnapshotList[0].Name; got != "x%2fy%2fz 50%25 %25" {
		t.Errorf("snapshot %q", got)
	}
	if m.Config.Name != "a%2fb%5cc 100%25" {
		t.Errorf("VM %q", m.Config.Name)
	}
	l.must2(methods.RenameSnapshot(l.ctx, l.client, &types.RenameSnapshot{
		This: m.RootSnapshot[0], Name: "🦊/", Description: "d",
	}))
	if tree := l.props(vm).Snapshot.RootSnapshotList[0]; tree.Name != "🦊%2f" || tree.Description != "d" {
		t.Errorf("%+v", tree)
	}
	l.done(vm.Rename(l.ctx, "n/1"))
	if got := l.props(vm); got.Config.Name != "n%2f1" || got.Summary.Config.Name != "n%2f1" {
		t.Errorf("VM %q", got.Config.Name)
	}
	task, err := vm.Rename(l.ctx, strings.Repeat("x", 81))
	l.failed(task, err, &types.InvalidName{})
}

func (l *lab) must2(_ any, err error) {
	l.Helper()
	l.must(err)
}

func TestSnapshotsMoveWithTheVMAndOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	with := func(o *options) { o.inventory.stateDir = dir }
	l := newLab(t, with)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, false, ""))
	l.done(l.powerOn(vm, nil))
	first := l.snapshot(vm, "1", true)
	l.snapshot(vm, "2", false)
	l.done(vm.Rename(l.ctx, "renamed"))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))}))
	if left := l.files("shared1"); len(left) > 0 {
		t.Errorf("left on shared1: %v", left)
	}
	l.must(l.vc.stop())
	l = newLab(t, with)
	vm, err := l.find.VirtualMachine(l.ctx, "renamed")
	l.must(err)
	if got := fmt.Sprint(l.chain(vm)); got != "[renamed-000002 renamed-000001 renamed]" {
		t.Errorf("chain %s", got)
	}
	l.done(l.revert(first, false))
	m := l.props(vm)
	if m.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || m.LayoutEx.Snapshot[0].MemoryKey < 0 {
		t.Errorf("%s, %+v", m.Runtime.PowerState, m.LayoutEx.Snapshot)
	}
	l.done(vm.RemoveAllSnapshot(l.ctx, nil))
	l.done(vm.PowerOff(l.ctx))
	l.done(vm.Destroy(l.ctx))
	if left := l.files("shared2"); len(left) > 0 {
		t.Errorf("left on shared2: %v", left)
	}
}

func TestRevertLeavesTheAddressesThatToolsReport(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 1 })
	addresses := func() (found []string) {
		vm := l.vms()[0]
		for _, nic := range vm.Guest.Net {
			found = append(append(found, nic.MacAddress), nic.IpAddress...)
		}
		return found
	}
	before := addresses()
	snapshot := l.snapshot(object.NewVirtualMachine(l.client, l.vms()[0].Self), "before", true)
	l.done(l.revert(snapshot, false))
	if now := addresses(); len(now) < 2 || !slices.Equal(now, before) {
		t.Errorf("%v, before %v", now, before)
	}
}
