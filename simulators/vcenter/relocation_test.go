package main

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func ref(o object.Reference) *types.ManagedObjectReference {
	r := o.Reference()
	return &r
}

func (l *lab) pool(cluster string) *types.ManagedObjectReference {
	l.Helper()
	pool, err := l.cluster(cluster).ResourcePool(l.ctx)
	l.must(err)
	return ref(pool)
}

func (l *lab) relocate(vm *object.VirtualMachine, spec types.VirtualMachineRelocateSpec) (*object.Task, error) {
	l.Helper()
	return vm.Relocate(l.ctx, spec, types.VirtualMachineMovePriorityDefaultPriority)
}

// files lists a datastore, without the directories.
func (l *lab) files(datastore string) []string {
	l.Helper()
	var names []string
	found, err := filepath.Glob(filepath.Join(l.vc.inventory.dir, datastore, "*", "*"))
	l.must(err)
	for _, file := range found {
		names = append(names, path.Join(filepath.Base(filepath.Dir(file)), filepath.Base(file)))
	}
	return names
}

func TestRelocateToAHostOfTheCluster(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, "VLAN 10"))
	l.done(l.powerOn(vm, nil))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))}))
	if got := l.hostOf(vm); got != "esx12" {
		t.Errorf("on %s", got)
	}
	var from, to mo.HostSystem
	l.read(l.host("esx11"), &from, "vm")
	l.read(l.host("esx12"), &to, "vm")
	if slices.Contains(from.Vm, vm.Reference()) || !slices.Contains(to.Vm, vm.Reference()) {
		t.Errorf("esx11 has %v, esx12 %v", from.Vm, to.Vm)
	}
	if state, err := vm.PowerState(l.ctx); err != nil || state != types.VirtualMachinePowerStatePoweredOn {
		t.Error(state, err)
	}
}

func TestRelocateToADatastoreMovesTheFiles(t *testing.T) {
	l := newLab(t)
	before := l.summary("shared2").FreeSpace
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, false, ""))
	l.done(vm.Rename(l.ctx, "renamed"))
	free := l.summary("shared1").FreeSpace
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))}))
	if left := l.files("shared1"); len(left) > 0 {
		t.Errorf("left on shared1: %v", left)
	}
	var m mo.VirtualMachine
	l.read(vm, &m, "config.files", "datastore", "layoutEx", "summary.config.vmPathName")
	if want := "[shared2] renamed/renamed.vmx"; m.Config.Files.VmPathName != want || m.Summary.Config.VmPathName != want {
		t.Errorf("%+v", m.Config.Files)
	}
	if !slices.Equal(m.Datastore, []types.ManagedObjectReference{l.datastore("shared2").Reference()}) {
		t.Errorf("datastores %v", m.Datastore)
	}
	if backing := l.firstDisk(vm).Backing.(*flatBacking); backing.FileName != "[shared2] renamed/renamed.vmdk" ||
		*backing.Datastore != l.datastore("shared2").Reference() {
		t.Errorf("%+v", backing)
	}
	for _, file := range m.LayoutEx.File {
		if !strings.HasPrefix(file.Name, "[shared2] renamed/") {
			t.Errorf("layout has %s", file.Name)
		}
	}
	if taken := before - l.summary("shared2").FreeSpace; taken < gb {
		t.Errorf("took %d of shared2", taken)
	}
	if freed := l.summary("shared1").FreeSpace - free; freed < gb {
		t.Errorf("freed %d of shared1", freed)
	}
	l.done(vm.PowerOn(l.ctx))
	l.done(vm.PowerOff(l.ctx))
	l.done(vm.Destroy(l.ctx))
	if left := l.files("shared2"); len(left) > 0 {
		t.Errorf("left on shared2: %v", left)
	}
}

func TestRelocateSomeDisks(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	key := l.firstDisk(vm).Key
	locate := func(datastore string) []types.VirtualMachineRelocateSpecDiskLocator {
		return []types.VirtualMachineRelocateSpecDiskLocator{{
			DiskId: key, Datastore: l.datastore(datastore).Reference(),
			DiskBackingInfo: &flatBacking{ThinProvisioned: types.NewBool(false)},
		}}
	}
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Disk: locate("shared2")}))
	backing := l.firstDisk(vm).Backing.(*flatBacking)
	if backing.FileName != "[shared2] vm/vm.vmdk" || isTrue(backing.ThinProvisioned) {
		t.Errorf("%+v", backing)
	}
	if taken := l.summary("shared2").Capacity - l.summary("shared2").FreeSpace; taken < gb {
		t.Errorf("the thick disk takes %d", taken)
	}
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{
		Datastore: ref(l.datastore("cluster1-ssd")), Disk: locate("shared2"),
	}))
	if got := l.firstDisk(vm).Backing.(*flatBacking).FileName; got != backing.FileName {
		t.Errorf("a disk that was to stay is %s", got)
	}
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Disk: locate("cluster1-ssd")}))
	if got := l.firstDisk(vm).Backing.(*flatBacking).FileName; got != "[cluster1-ssd] vm/vm.vmdk" {
		t.Errorf("a disk that was to come back is %s", got)
	}
	wrong := locate("shared1")
	wrong[0].DiskId = 9
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Disk: wrong})
	l.failed(task, err, &types.InvalidArgument{})
}

func TestRelocateToAnotherCluster(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "cluster1-ssd", gb, true, "VLAN 10"))
	l.done(l.powerOn(vm, nil))
	spec := types.VirtualMachineRelocateSpec{Host: ref(l.host("esx21"))}
	task, err := l.relocate(vm, spec)
	l.failed(task, err, &types.InvalidArgument{})
	spec.Pool = l.pool("cluster2")
	task, err = l.relocate(vm, spec)
	l.failed(task, err, &types.CannotAccessVmConfig{})
	spec.Datastore = ref(l.datastore("cluster1-ssd"))
	task, err = l.relocate(vm, spec)
	l.failed(task, err, &types.CannotAccessVmConfig{})
	spec.Datastore = ref(l.datastore("esx22-local"))
	task, err = l.relocate(vm, spec)
	l.failed(task, err, &types.InvalidDatastore{})
	spec.Datastore = ref(l.datastore("cluster2-ssd"))
	l.done(l.relocate(vm, spec))
	var m mo.VirtualMachine
	l.read(vm, &m, "resourcePool", "datastore")
	if l.hostOf(vm) != "esx21" || *m.ResourcePool != *spec.Pool {
		t.Errorf("on %s in %v", l.hostOf(vm), m.ResourcePool)
	}
	spec = types.VirtualMachineRelocateSpec{Host: ref(l.host("esx21")), Pool: l.pool("cluster1")}
	task, err = l.relocate(vm, spec)
	l.failed(task, err, &types.InvalidArgument{})
}

func TestRelocateLeavesTheHostToTheCluster(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	l.done(l.powerOn(vm, nil))
	l.done(l.host("esx22").EnterMaintenanceMode(l.ctx, 5, false, nil))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Pool: l.pool("cluster2")}))
	if got := l.hostOf(vm); got != "esx21" {
		t.Errorf("on %s", got)
	}
}

func TestRelocateIsRefused(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, false, ""))
	local := l.create("cluster1", l.host("esx11"), vmSpec("local", "esx11-local", gb, true, ""))
	l.disk("[esx12-local] big.vmdk", types.VirtualDiskTypePreallocated, 1023*gb)
	host, nowhere := l.host("esx12"), types.ManagedObjectReference{Type: "HostSystem", Value: "host-999"}
	for name, c := range map[string]struct {
		vm    *object.VirtualMachine
		spec  types.VirtualMachineRelocateSpec
		fault types.BaseMethodFault
	}{
		"unknown host":     {vm, types.VirtualMachineRelocateSpec{Host: &nowhere}, &types.ManagedObjectNotFound{}},
		"files not seen":   {local, types.VirtualMachineRelocateSpec{Host: ref(host)}, &types.CannotAccessVmConfig{}},
		"unseen datastore": {vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("esx12-local"))}, &types.InvalidDatastore{}},
		"no room": {vm, types.VirtualMachineRelocateSpec{
			Host: ref(host), Datastore: ref(l.datastore("esx12-local")),
		}, &types.NoDiskSpace{}},
		"linking": {vm, types.VirtualMachineRelocateSpec{
			Datastore:    ref(l.datastore("shared2")),
			DiskMoveType: string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking),
		}, &types.DiskMoveTypeNotSupported{}},
		"another vCenter": {vm, types.VirtualMachineRelocateSpec{Service: &types.ServiceLocator{
			Credential: &types.ServiceLocatorNamePassword{}, InstanceUuid: "x", Url: "https://x",
		}}, &types.NotSupported{}},
	} {
		t.Run(name, func(t *testing.T) {
			task, err := l.relocate(c.vm, c.spec)
			l.failed(task, err, c.fault)
		})
	}
	l.done(host.EnterMaintenanceMode(l.ctx, 5, false, nil))
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(host)})
	l.failed(task, err, &types.InvalidState{})
	l.done(host.ExitMaintenanceMode(l.ctx, 5))
	l.done(host.Disconnect(l.ctx))
	task, err = l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(host)})
	l.failed(task, err, &types.HostNotConnected{})
	l.done(host.Reconnect(l.ctx, nil, nil))
	l.control("PUT", "/outages", `{"outages": [{"datastore": "shared1", "host": "esx12"}]}`)
	task, err = l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(host)})
	l.failed(task, err, &types.CannotAccessVmConfig{})
	if l.hostOf(vm) != "esx11" || l.firstDisk(vm).Backing.(*flatBacking).FileName != "[shared1] vm/vm.vmdk" {
		t.Error("a refused relocation moved something")
	}
}

// nic finds the first of a VM's devices that is one.
func (l *lab) nic(vm *object.VirtualMachine) types.BaseVirtualDevice {
	l.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
}

func TestRelocateNeedsTheNetworks(t *testing.T) {
	l := newLab(t)
	l.must(l.networkSystem("esx11").AddPortGroup(l.ctx, portGroup("here", 7, "vSwitch0")))
	l.must(l.networkSystem("esx12").AddPortGroup(l.ctx, portGroup("there", 7, "vSwitch0")))
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, "here"))
	l.done(l.powerOn(vm, nil))
	mac := l.mac(vm)
	spec := types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))}
	task, err := l.relocate(vm, spec)
	l.failed(task, err, &types.CannotAccessNetwork{})
	to := func(network string) []types.BaseVirtualDeviceConfigSpec {
		card := &types.VirtualVmxnet3{}
		card.Key = l.nic(vm).GetVirtualDevice().Key
		card.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: network},
		}
		return []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: card,
		}}
	}
	spec.DeviceChange = to("nowhere")
	task, err = l.relocate(vm, spec)
	l.failed(task, err, &types.InvalidDeviceSpec{})
	spec.DeviceChange = to("there")
	l.done(l.relocate(vm, spec))
	l.done(vm.PowerOff(l.ctx))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx11"))}))
	l.done(l.powerOn(vm, nil))
	if isConnected(l.nic(vm)) {
		t.Error("connected to a network that the host has not")
	}
	l.done(vm.PowerOff(l.ctx))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))}))
	l.done(l.powerOn(vm, nil))
	if l.mac(vm) != mac || !slices.Contains(l.network("there").Vm, vm.Reference()) ||
		slices.Contains(l.network("here").Vm, vm.Reference()) {
		t.Errorf("MAC address %s, before %s", l.mac(vm), mac)
	}
	if !isConnected(l.nic(vm)) {
		t.Error("not connected any more")
	}
}

func (l *lab) checkResults(task types.ManagedObjectReference) []types.CheckResult {
	l.Helper()
	return l.done(object.NewTask(l.client, task), nil).Result.(types.ArrayOfCheckResult).CheckResult
}

func TestCheckers(t *testing.T) {
	l := newLab(t)
	l.must(l.networkSystem("esx11").AddPortGroup(l.ctx, portGroup("here", 7, "vSwitch0")))
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "esx11-local", gb, true, "here"))
	checker := *l.client.ServiceContent.VmProvisioningChecker
	check := types.CheckRelocate_Task{
		This: checker, Vm: vm.Reference(),
		Spec: types.VirtualMachineRelocateSpec{Pool: l.pool("cluster1")},
	}
	res, err := methods.CheckRelocate_Task(l.ctx, l.client, &check)
	l.must(err)
	results := l.checkResults(res.Returnval)
	if len(results) != 2 || len(results[0].Error) != 0 || len(results[1].Error) != 2 || len(results[1].Warning) != 1 {
		t.Errorf("%+v", results)
	}
	if text := results[1].Error[0].LocalizedMessage; text == "" || strings.Contains(text, "types.") {
		t.Errorf("%q", text)
	}
	check.TestType = []string{string(types.CheckTestTypeNetworkTests)}
	res, err = methods.CheckRelocate_Task(l.ctx, l.client, &check)
	l.must(err)
	if results = l.checkResults(res.Returnval); len(results[1].Error) != 0 || len(results[1].Warning) != 1 {
		t.Errorf("%+v", results)
	}
	query, err := methods.QueryVMotionCompatibilityEx_Task(l.ctx, l.client, &types.QueryVMotionCompatibilityEx_Task{
		This: checker, Vm: []types.ManagedObjectReference{vm.Reference()},
		Host: []types.ManagedObjectReference{l.host("esx11").Reference(), l.host("esx12").Reference()},
	})
	l.must(err)
	if results = l.checkResults(query.Returnval); len(results) != 2 || len(results[0].Error) != 0 || len(results[1].Error) == 0 {
		t.Errorf("%+v", results)
	}
}
