package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) cloneTask(source *object.VirtualMachine, name string, spec types.VirtualMachineCloneSpec) (*object.Task, error) {
	l.Helper()
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	return source.Clone(l.ctx, folders.VmFolder, name, spec)
}

func (l *lab) clone(source *object.VirtualMachine, name string, spec types.VirtualMachineCloneSpec) *object.VirtualMachine {
	l.Helper()
	info := l.done(l.cloneTask(source, name, spec))
	return object.NewVirtualMachine(l.client, info.Result.(types.ManagedObjectReference))
}

func linked(snapshot types.ManagedObjectReference) types.VirtualMachineCloneSpec {
	spec := types.VirtualMachineCloneSpec{Snapshot: &snapshot}
	spec.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	return spec
}

func TestACloneIsWhatTheSpecificationSays(t *testing.T) {
	l := newLab(t)
	source := l.create("cluster1", l.host("esx11"), vmSpec("source", "shared1", gb, false, "VLAN 10"))
	l.done(source.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{
		ExtraConfig: []types.BaseOptionValue{
			&types.OptionValue{Key: "nvp.vm-uuid", Value: "source"}, &types.OptionValue{Key: "kept", Value: "1"},
		},
		ManagedBy: &types.ManagedByInfo{ExtensionKey: "x", Type: "y"}, Annotation: "of the source",
	}))
	free := l.summary("shared2").FreeSpace
	nic := l.nic(source).(*types.VirtualVmxnet3)
	nic.Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VLAN 20"},
	}
	nic.AddressType, nic.MacAddress = string(types.VirtualEthernetCardMacTypeManual), "fa:16:3e:00:00:01"
	second, err := object.VirtualDeviceList{}.CreateEthernetCard("vmxnet3", &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VLAN 10"},
	})
	l.must(err)
	id := "11111111-2222-3333-4444-555555555555"
	spec := types.VirtualMachineCloneSpec{Config: &types.VirtualMachineConfigSpec{
		InstanceUuid: id, Uuid: id, NumCPUs: 4, MemoryMB: 256, Annotation: "of the clone",
		ManagedBy:   &types.ManagedByInfo{ExtensionKey: "org.openstack.compute", Type: "instance"},
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "nvp.vm-uuid", Value: id}},
	}}
	spec.Location.Datastore, spec.Location.Host = ref(l.datastore("shared2")), ref(l.host("esx12"))
	spec.Location.DeviceChange = []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: nic},
		&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: second},
	}
	clone := l.clone(source, "clone", spec)
	m := l.props(clone)
	options := object.OptionValueList(m.Config.ExtraConfig)
	if key, _ := options.GetString("nvp.vm-uuid"); key != id {
		t.Errorf("nvp.vm-uuid %q", key)
	}
	if key, _ := options.GetString("kept"); key != "1" {
		t.Errorf("kept %q", key)
	}
	if m.Config.InstanceUuid != id || m.Config.Uuid != id || m.Config.Hardware.NumCPU != 4 || m.Config.Hardware.MemoryMB != 256 ||
		m.Config.ManagedBy.Type != "instance" || m.Config.Annotation != "of the clone" || m.Summary.Config.NumEthernetCards != 2 {
		t.Errorf("%+v", m.Config)
	}
	if l.hostOf(clone) != "esx12" || l.mac(clone) != "fa:16:3e:00:00:01" || l.mac(source) == l.mac(clone) {
		t.Errorf("on %s with %s", l.hostOf(clone), l.mac(clone))
	}
	if !slices.Contains(l.network("VLAN 20").Vm, clone.Reference()) || !slices.Contains(l.network("VLAN 10").Vm, clone.Reference()) {
		t.Error("not in its networks")
	}
	disk := l.firstDisk(clone).Backing.(*flatBacking)
	if disk.FileName != "[shared2] clone/clone.vmdk" || disk.Uuid == l.firstDisk(source).Backing.(*flatBacking).Uuid {
		t.Errorf("%+v", disk)
	}
	if taken := free - l.summary("shared2").FreeSpace; taken < gb || taken > gb+1<<20 {
		t.Errorf("took %d", taken)
	}
	if got := l.props(source).Config; got.Annotation != "of the source" || got.Hardware.NumCPU != 1 {
		t.Errorf("the source became %+v", got)
	}
	l.done(source.Destroy(l.ctx))
	l.done(l.powerOn(clone, nil))
}

func TestLinkedClonesOutliveTheirSource(t *testing.T) {
	l := newLab(t)
	source := l.imported("source", stream(t, gb, packed(t, 7, 'x')))
	task, err := l.cloneTask(source, "linked", linked(source.Reference()))
	l.failed(task, err, &types.InvalidArgument{})
	unspecific := linked(source.Reference())
	unspecific.Snapshot = nil
	task, err = l.cloneTask(source, "linked", unspecific)
	l.failed(task, err, &types.InvalidArgument{})

	snapshot := l.snapshot(source, "1", false)
	first := l.clone(source, "first", linked(snapshot))
	second := l.clone(first, "second", linked(l.snapshot(first, "1", false)))
	if got := fmt.Sprint(l.chain(second)); got != "[second first source]" {
		t.Errorf("chain %s", got)
	}
	l.done(l.remove(snapshot, false, nil))
	if got := fmt.Sprint(l.chain(source)); got != "[source-000001 source]" || l.props(source).Runtime.ConsolidationNeeded {
		t.Errorf("chain of the source %s", got)
	}
	l.done(source.Destroy(l.ctx))
	l.done(first.Destroy(l.ctx))
	if left := fmt.Sprint(l.files("shared1")); strings.Contains(left, ".vmx") && !strings.Contains(left, "second.vmx") ||
		!strings.Contains(left, "source/source.vmdk") || strings.Contains(left, "source-000001") {
		t.Errorf("files %s", left)
	}
	full := l.clone(second, "full", types.VirtualMachineCloneSpec{})
	if got := fmt.Sprint(l.chain(full)); got != "[full]" {
		t.Errorf("chain of a full clone %s", got)
	}
	if _, grains := unpack(t, l.exported(full)); len(grains) != 1 {
		t.Errorf("%d grains", len(grains))
	}
	l.done(l.relocate(second, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))}))
	if !slices.Contains(l.files("shared1"), "source/source.vmdk") || !slices.Contains(l.files("shared2"), "second/second.vmdk") {
		t.Errorf("relocated: %v, %v", l.files("shared1"), l.files("shared2"))
	}
}

func TestACloneOfASnapshotIsAsItWas(t *testing.T) {
	l := newLab(t)
	source := l.create("cluster1", nil, vmSpec("source", "shared1", gb, true, ""))
	snapshot := l.snapshot(source, "1", false)
	l.done(source.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{MemoryMB: 512}))
	l.done(l.powerOn(source, nil))
	clone := l.clone(source, "clone", types.VirtualMachineCloneSpec{Snapshot: &snapshot})
	m := l.props(clone)
	if m.Config.Hardware.MemoryMB != 64 || m.Snapshot != nil || fmt.Sprint(l.chain(clone)) != "[clone]" ||
		m.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("%+v", m.Config.Hardware)
	}
}

func TestManyClonesAtOnce(t *testing.T) {
	l := newLab(t)
	source := l.create("cluster1", nil, vmSpec("source", "shared1", gb, true, "VLAN 10"))
	l.rules(`{"method": "CloneVM_Task", "at": "task", "delay": "1s"}`)
	var tasks []*object.Task
	for n := range 8 {
		task, err := l.cloneTask(source, fmt.Sprintf("clone%d", n), types.VirtualMachineCloneSpec{})
		l.must(err)
		tasks = append(tasks, task)
	}
	task, err := l.relocate(source, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))})
	l.failed(task, err, &types.TaskInProgress{})
	l.must(tasks[7].Cancel(l.ctx))
	l.failed(tasks[7], nil, &types.RequestCanceled{})
	macs := map[string]bool{}
	for _, task := range tasks[:7] {
		info := l.done(task, nil)
		macs[l.mac(object.NewVirtualMachine(l.client, info.Result.(types.ManagedObjectReference)))] = true
	}
	if len(macs) != 7 || slices.Contains(l.files("shared1"), "clone7/clone7.vmx") {
		t.Errorf("MAC addresses %v, files %v", macs, l.files("shared1"))
	}
}

func TestClonesThatAreRefused(t *testing.T) {
	l := newLab(t)
	source := l.create("cluster1", l.host("esx11"), vmSpec("source", "shared1", gb, false, ""))
	l.disk("[esx12-local] big.vmdk", types.VirtualDiskTypePreallocated, 1023*gb+gb/2)
	at := func(host, datastore string) (spec types.VirtualMachineCloneSpec) {
		spec.Location.Host, spec.Location.Datastore = ref(l.host(host)), ref(l.datastore(datastore))
		return spec
	}
	other := at("esx21", "shared1")
	removal := at("esx11", "shared1")
	removal.Location.DeviceChange = []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
		Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: &types.VirtualE1000{
			VirtualEthernetCard: types.VirtualEthernetCard{VirtualDevice: types.VirtualDevice{Key: 999}},
		},
	}}
	for name, c := range map[string]struct {
		name  string
		spec  types.VirtualMachineCloneSpec
		fault types.BaseMethodFault
	}{
		"name taken":       {"source", at("esx11", "shared1"), &types.DuplicateName{}},
		"long name":        {strings.Repeat("x", 81), at("esx11", "shared1"), &types.InvalidName{}},
		"unseen datastore": {"clone", at("esx11", "esx12-local"), &types.InvalidDatastore{}},
		"no room":          {"clone", at("esx12", "esx12-local"), &types.NoDiskSpace{}},
		"host of another":  {"clone", other, &types.InvalidArgument{}},
		"unknown device":   {"clone", removal, &types.InvalidDeviceSpec{}},
	} {
		t.Run(name, func(t *testing.T) {
			task, err := l.cloneTask(source, c.name, c.spec)
			l.failed(task, err, c.fault)
		})
	}
	other.Location.Pool = l.pool("cluster2")
	if clone := l.clone(source, "clone", other); l.hostOf(clone) != "esx21" {
		t.Errorf("on %s", l.hostOf(clone))
	}
	template := l.clone(source, "template", types.VirtualMachineCloneSpec{Template: true})
	task, err := l.cloneTask(template, "of template", types.VirtualMachineCloneSpec{})
	l.failed(task, err, &types.InvalidArgument{})
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	res, err := methods.CheckClone_Task(l.ctx, l.client, &types.CheckClone_Task{
		This: *l.client.ServiceContent.VmProvisioningChecker, Vm: source.Reference(),
		Folder: folders.VmFolder.Reference(), Name: "clone", Spec: at("esx11", "shared1"),
	})
	l.must(err)
	if results := l.checkResults(res.Returnval); len(results) != 1 || len(results[0].Error) != 1 {
		t.Errorf("%+v", results)
	}
}

func TestCustomization(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 6 })
	prep := func(nics int) types.VirtualMachineCloneSpec {
		custom := &types.CustomizationSpec{Identity: &types.CustomizationLinuxPrep{
			HostName: &types.CustomizationFixedName{Name: "host"}, Domain: "example.org",
		}}
		for range nics {
			custom.NicSettingMap = append(custom.NicSettingMap, types.CustomizationAdapterMapping{
				Adapter: types.CustomizationIPSettings{Ip: &types.CustomizationFixedIp{IpAddress: "192.0.2.7"}},
			})
		}
		return types.VirtualMachineCloneSpec{Customization: custom, PowerOn: true}
	}
	find := func(name string) *object.VirtualMachine {
		vm, err := l.find.VirtualMachine(l.ctx, name)
		l.must(err)
		return vm
	}
	sysprep := prep(1)
	sysprep.Customization.Identity = &types.CustomizationSysprep{}
	linux := find("app-001")
	for n := 1; !strings.Contains(l.props(linux).Config.GuestId, "ubuntu") && !strings.Contains(l.props(linux).Config.GuestId, "centos"); n++ {
		linux = find(fmt.Sprintf("app-00%d", n))
	}
	devices, err := linux.Device(l.ctx)
	l.must(err)
	nics := len(devices.SelectByType((*types.VirtualEthernetCard)(nil)))
	task, err := l.cloneTask(find("app-006"), "no tools", prep(1))
	l.failed(task, err, &types.CustomizationFault{})
	task, err = l.cloneTask(linux, "wrong system", sysprep)
	l.failed(task, err, &types.UncustomizableGuest{})
	task, err = l.cloneTask(linux, "wrong NICs", prep(nics+1))
	l.failed(task, err, &types.NicSettingMismatch{})
	clone := l.clone(linux, "customized", prep(nics))
	var m mo.VirtualMachine
	l.read(clone, &m, "guest", "runtime.powerState")
	if m.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || m.Guest.HostName != "host" || m.Guest.IpAddress != "192.0.2.7" {
		t.Errorf("%s, %+v", m.Runtime.PowerState, m.Guest)
	}
}
