package main

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// The varied brownfield has, beside the VMs of -vms, one for each thing that is seldom right about a VM, called
// "odd-" and what is odd. Each is a plain VM with one disk and one NIC on dvs1-VLAN 30 but for that one thing.

// oddity makes one such VM; both functions may be nil.
type oddity struct {
	name   string
	spec   func(*inventory, *types.VirtualMachineConfigSpec)
	change func(*inventory, *simulator.VirtualMachine) map[string]types.AnyType
}

// The port groups that only a varied brownfield has, on dvs1.
var (
	trunkGroup    = "dvs1-trunk"
	privateGroup  = "dvs1-private"
	untaggedGroup = "dvs1-untagged"
	twinGroup     = "dvs1-VLAN 30 again"
)

// oddProperty is an oddity that is one property.
func oddProperty(name, path string, value types.AnyType) oddity {
	return oddity{name, nil, func(*inventory, *simulator.VirtualMachine) map[string]types.AnyType {
		return map[string]types.AnyType{path: value}
	}}
}

// oddDevice is an oddity of the first device of a type.
func oddDevice[T types.BaseVirtualDevice](name string, alter func(*inventory, T)) oddity {
	return oddity{name, nil, func(i *inventory, vm *simulator.VirtualMachine) map[string]types.AnyType {
		for _, candidate := range vm.Config.Hardware.Device {
			if found, ok := candidate.(T); ok {
				alter(i, found)
				break
			}
		}
		return map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device}
	}}
}

// oddExtra is an oddity that is one more device, of which no task would make a file.
func oddExtra(name string, added types.BaseVirtualDevice) oddity {
	return oddity{name, nil, func(_ *inventory, vm *simulator.VirtualMachine) map[string]types.AnyType {
		devices := append(slices.Clone(vm.Config.Hardware.Device), added)
		return map[string]types.AnyType{"config.hardware.device": devices}
	}}
}

// onGroup is an oddity of where the NIC is.
func onGroup(name, group string) oddity {
	return oddity{name, func(i *inventory, spec *types.VirtualMachineConfigSpec) {
		nicOf(spec).Backing = i.distributedBacking(group)
	}, nil}
}

// oddAddresses is an oddity of what VMware Tools say; an address without a prefix has none.
func oddAddresses(name string, found ...types.NetIpConfigInfoIpAddress) oddity {
	return oddity{name, nil, func(_ *inventory, vm *simulator.VirtualMachine) map[string]types.AnyType {
		return map[string]types.AnyType{"guest": guestWith(vm, found...)}
	}}
}

func address(ip string, prefix int32) types.NetIpConfigInfoIpAddress {
	return types.NetIpConfigInfoIpAddress{IpAddress: ip, PrefixLength: prefix}
}

func flat(disk *types.VirtualDisk) *types.VirtualDiskFlatVer2BackingInfo {
	return disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
}

func nicOf(spec *types.VirtualMachineConfigSpec) *types.VirtualEthernetCard {
	for _, change := range spec.DeviceChange {
		if nic, isNIC := change.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard); isNIC {
			return nic.GetVirtualEthernetCard()
		}
	}
	panic("every odd VM has a NIC")
}

func oddities() []oddity {
	off, suspended := types.VirtualMachinePowerStatePoweredOff, types.VirtualMachinePowerStateSuspended
	thick := false
	return []oddity{
		{"plain", nil, nil},
		{"guest-tools", nil, func(*inventory, *simulator.VirtualMachine) map[string]types.AnyType {
			return map[string]types.AnyType{"guest": &types.GuestInfo{
				ToolsRunningStatus:  string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning),
				ToolsVersionStatus2: string(types.VirtualMachineToolsVersionStatusGuestToolsNotInstalled),
			}}
		}},
		{"powered-off", nil, func(*inventory, *simulator.VirtualMachine) map[string]types.AnyType {
			return map[string]types.AnyType{"runtime.powerState": off, "guest": &types.GuestInfo{}}
		}},
		oddProperty("suspended", "runtime.powerState", suspended),
		{"template", nil, func(*inventory, *simulator.VirtualMachine) map[string]types.AnyType {
			return map[string]types.AnyType{"config.template": true, "summary.config.template": true,
				"runtime.powerState": off, "resourcePool": nil, "guest": &types.GuestInfo{}}
		}},
		oddProperty("connection", "runtime.connectionState", types.VirtualMachineConnectionStateOrphaned),
		oddProperty("managed-by-extension", "config.managedBy",
			&types.ManagedByInfo{ExtensionKey: "com.example.backup", Type: "proxy"}),
		{"vapp", nil, (*inventory).intoVApp},
		oddProperty("fault-tolerance", "runtime.faultToleranceState", types.VirtualMachineFaultToleranceStateRunning),
		oddExtra("passthrough", &types.VirtualPCIPassthrough{VirtualDevice: types.VirtualDevice{
			Key: 13000, DeviceInfo: &types.Description{Label: "PCI device 0", Summary: "GPU"},
		}}),
		oddExtra("vtpm", &types.VirtualTPM{VirtualDevice: types.VirtualDevice{
			Key: 11000, DeviceInfo: &types.Description{Label: "Virtual TPM", Summary: "Virtual TPM"},
		}}),
		oddProperty("encryption", "config.keyId", &types.CryptoKeyId{KeyId: "key-1"}),
		{"memory-size", func(_ *inventory, spec *types.VirtualMachineConfigSpec) { spec.MemoryMB = 2050 }, nil},
		{"snapshots", nil, (*inventory).withSnapshot},
		oddProperty("consolidation", "runtime.consolidationNeeded", true),
		oddDevice("rdm", func(_ *inventory, disk *types.VirtualDisk) {
			disk.Backing = &types.VirtualDiskRawDiskMappingVer1BackingInfo{
				VirtualDeviceFileBackingInfo: flat(disk).VirtualDeviceFileBackingInfo,
				CompatibilityMode:            "physicalMode", DiskMode: "independent_persistent", LunUuid: "0200",
			}
		}),
		oddDevice("independent-disk", func(_ *inventory, disk *types.VirtualDisk) {
			flat(disk).DiskMode = "independent_persistent"
		}),
		oddDevice("shared-disk-a", sharedDisk), oddDevice("shared-disk-b", sharedDisk),
		oddDevice("linked-clone", func(_ *inventory, disk *types.VirtualDisk) {
			parent := *flat(disk)
			parent.FileName = "[shared1] odd-plain/odd-plain.vmdk"
			flat(disk).Parent = &parent
		}),
		{"data-disks", func(_ *inventory, spec *types.VirtualMachineConfigSpec) {
			devices := object.VirtualDeviceList{}
			for _, change := range spec.DeviceChange {
				devices = append(devices, change.GetVirtualDeviceConfigSpec().Device)
			}
			scsi := devices.SelectByType((*types.VirtualSCSIController)(nil))[0].(types.BaseVirtualController)
			disk := devices.CreateDisk(scsi, types.ManagedObjectReference{}, "[shared1] odd-data-disks/data.vmdk")
			disk.CapacityInKB = 8 << 20
			disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).ThinProvisioned = &thick
			more, _ := object.VirtualDeviceList{disk}.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
			spec.DeviceChange = append(spec.DeviceChange, more...)
		}, nil},
		onGroup("vlan-trunk", trunkGroup), onGroup("vlan-private", privateGroup),
		onGroup("vlan-untagged", untaggedGroup), onGroup("vlan-duplicate", twinGroup),
		{"switch-unmapped", func(_ *inventory, spec *types.VirtualMachineConfigSpec) {
			nicOf(spec).Backing = &types.VirtualEthernetCardNetworkBackingInfo{
				VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: standardPortGroup(10)},
			}
		}, nil},
		oddDevice("network-unknown", func(_ *inventory, nic *types.VirtualVmxnet3) {
			nic.Backing = &types.VirtualEthernetCardOpaqueNetworkBackingInfo{
				OpaqueNetworkId: "nsx-1", OpaqueNetworkType: "nsx.LogicalSwitch",
			}
		}),
		{"mac-duplicate-a", sameMAC, nil}, {"mac-duplicate-b", sameMAC, nil},
		oddAddresses("address-duplicate-a", address("10.200.255.1", 16)),
		oddAddresses("address-duplicate-b", address("10.200.255.1", 16)),
		oddAddresses("address-outside", address("192.0.2.7", 32)),
		oddAddresses("addresses-several", address("10.200.255.2", 16), address("10.200.255.3", 16)),
		oddAddresses("ipv6", address("10.200.255.4", 16), address("2001:db8::4", 64), address("fe80::4", 64)),
		{"instance-uuid-duplicate-a", sameUUID, nil}, {"instance-uuid-duplicate-b", sameUUID, nil},
		{"already-adopted", func(_ *inventory, spec *types.VirtualMachineConfigSpec) {
			spec.ExtraConfig = append(spec.ExtraConfig,
				&types.OptionValue{Key: "nvp.vm-uuid", Value: "b7a7a0a4-5c2a-4b42-9d28-6d9e6f0c2f11"})
		}, nil},
	}
}

func sharedDisk(_ *inventory, disk *types.VirtualDisk) {
	flat(disk).FileName = "[shared1] odd-shared-disk-a/odd-shared-disk-a.vmdk"
	flat(disk).Sharing = string(types.VirtualDiskSharingSharingMultiWriter)
}

func sameMAC(_ *inventory, spec *types.VirtualMachineConfigSpec) {
	nicOf(spec).MacAddress = "00:50:56:bf:ff:01"
}

func sameUUID(_ *inventory, spec *types.VirtualMachineConfigSpec) {
	spec.InstanceUuid = "50200000-0000-4000-8000-000000000001"
}

// createVaried makes the port groups and the odd VMs, and one that has another's name.
func (i *inventory) createVaried() error {
	if err := i.createOddGroups(); err != nil {
		return err
	}
	folder := i.folder(i.dc.VmFolder)
	for n, odd := range oddities() {
		if err := i.createOdd(folder, n+1, odd); err != nil {
			return fmt.Errorf("odd-%s: %w", odd.name, err)
		}
	}
	body := folder.CreateFolder(i.ctx, &types.CreateFolder{This: folder.Self, Name: "odd"})
	inner := i.folder(body.(*methods.CreateFolderBody).Res.Returnval)
	twin := oddity{"plain", func(_ *inventory, spec *types.VirtualMachineConfigSpec) {
		spec.Files.VmPathName = "[shared1] odd-name-duplicate/odd-name-duplicate.vmx"
		for _, change := range spec.DeviceChange {
			if disk, isDisk := change.GetVirtualDeviceConfigSpec().Device.(*types.VirtualDisk); isDisk {
				flat(disk).FileName = "[shared1] odd-name-duplicate/odd-name-duplicate.vmdk"
			}
		}
	}, nil}
	return i.createOdd(inner, len(oddities())+1, twin)
}

func (i *inventory) createOddGroups() error {
	for name, vlan := range map[string]types.BaseVmwareDistributedVirtualSwitchVlanSpec{
		trunkGroup: &types.VmwareDistributedVirtualSwitchTrunkVlanSpec{
			VlanId: []types.NumericRange{{Start: 0, End: 4094}}},
		privateGroup:  &types.VmwareDistributedVirtualSwitchPvlanSpec{PvlanId: 301},
		untaggedGroup: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: 0},
		twinGroup:     &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: distributedVLANs[0]},
	} {
		task := i.addDistributed(i.ctx, i.dvs, types.DVPortgroupConfigSpec{
			Name: name, NumPorts: 8, DefaultPortConfig: &types.VMwareDVSPortSetting{Vlan: vlan},
			Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
		})
		if _, err := i.task(task); err != nil {
			return err
		}
	}
	return nil
}

func (i *inventory) createOdd(folder *simulator.Folder, n int, odd oddity) error {
	spec := i.oddSpec("odd-"+odd.name, n)
	if odd.spec != nil {
		odd.spec(i, &spec)
	}
	cluster := i.clusters()[0]
	body := folder.CreateVMTask(i.ctx, &types.CreateVM_Task{
		This: folder.Self, Config: spec, Pool: *cluster.ResourcePool, Host: &cluster.Host[0],
	})
	result, err := i.task(body.(*methods.CreateVM_TaskBody).Res.Returnval)
	if err != nil {
		return err
	}
	vm := get[*simulator.VirtualMachine](i.registry(), result.(types.ManagedObjectReference))
	i.introduce(i.ctx, vm)
	i.start(vm, 0)
	set(i.ctx, vm, map[string]types.AnyType{
		"guest": guestWith(vm, address(fmt.Sprintf("10.200.0.%d", n), 16)),
	})
	if odd.change != nil {
		set(i.ctx, vm, odd.change(i, vm))
	}
	return nil
}

func (i *inventory) oddSpec(name string, n int) types.VirtualMachineConfigSpec {
	var devices object.VirtualDeviceList
	scsi, _ := devices.CreateSCSIController("pvscsi")
	devices = append(devices, scsi)
	file := fmt.Sprintf("[shared1] %s/%s.vmdk", name, name)
	disk := devices.CreateDisk(scsi.(types.BaseVirtualController), types.ManagedObjectReference{}, file)
	disk.CapacityInKB = 4 << 20
	devices = append(devices, disk)
	card, _ := devices.CreateEthernetCard("vmxnet3", i.distributedBacking(distributedPortGroup(distributedVLANs[0])))
	ethernet := card.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
	ethernet.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
	ethernet.MacAddress = fmt.Sprintf("00:50:56:bf:00:%02x", n)
	devices = append(devices, card)
	changes, _ := devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return types.VirtualMachineConfigSpec{
		Name: name, GuestId: guests[0].id, Uuid: i.uuid(), InstanceUuid: i.uuid(), NumCPUs: 1, MemoryMB: 2048,
		Files:        &types.VirtualMachineFileInfo{VmPathName: "[shared1]"},
		DeviceChange: changes,
	}
}

func (i *inventory) distributedBacking(name string) types.BaseVirtualDeviceBackingInfo {
	for _, pg := range i.distributedPortGroups() {
		if pg.Name == name {
			return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
				Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: i.dvs.Uuid, PortgroupKey: pg.Key},
			}
		}
	}
	panic("no port group " + name)
}

// guestWith is what VMware Tools report of the first NIC, prefixes included. VWS GuestNicInfo.ipConfig
func guestWith(vm *simulator.VirtualMachine, found ...types.NetIpConfigInfoIpAddress) *types.GuestInfo {
	info := *vm.Guest
	info.Net = slices.Clone(info.Net)
	ips := make([]string, 0, len(found))
	for _, item := range found {
		ips = append(ips, item.IpAddress)
	}
	info.Net[0].IpAddress, info.IpAddress = ips, ips[0]
	info.Net[0].IpConfig = &types.NetIpConfigInfo{IpAddress: found}
	return &info
}

// intoVApp moves the VM into a vApp of its own: it has no folder then. VWS VirtualMachine.parentVApp
func (i *inventory) intoVApp(vm *simulator.VirtualMachine) map[string]types.AnyType {
	pool := get[*simulator.ResourcePool](i.registry(), *vm.ResourcePool)
	folder := i.dc.VmFolder
	body := pool.CreateVApp(i.ctx, &types.CreateVApp{This: pool.Self, Name: "odd-app", VmFolder: &folder,
		ResSpec: types.DefaultResourceConfigSpec()}).(*methods.CreateVAppBody)
	app := get[*simulator.VirtualApp](i.registry(), body.Res.Returnval)
	app.Vm = append(app.Vm, vm.Self)
	return map[string]types.AnyType{"parentVApp": &app.Self, "resourcePool": &app.Self}
}

func (i *inventory) withSnapshot(vm *simulator.VirtualMachine) map[string]types.AnyType {
	vms := &vmMethods{newMethodSet(types.ManagedObjectReference{Type: "MethodSet", Value: "varied"}), i}
	body := vms.CreateSnapshotTask(i.ctx, &types.CreateSnapshot_Task{This: vm.Self, Name: "before the upgrade"})
	_, _ = i.task(body.(*methods.CreateSnapshot_TaskBody).Res.Returnval)
	return nil
}
