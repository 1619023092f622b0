package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// A guest operating system as vSphere names it, with the disk its kind of VM has.
type guestSystem struct {
	id, fullName, family string
	diskGB               int64
}

var guests = []guestSystem{
	{"ubuntu64Guest", "Ubuntu Linux (64-bit)", "linuxGuest", 40},
	{"centos8_64Guest", "CentOS 8 (64-bit)", "linuxGuest", 60},
	{"windows2019srv_64Guest", "Microsoft Windows Server 2019 (64-bit)", "windowsGuest", 100},
}

// createVMs makes VMs that somebody made in vCenter before OpenStack came. It waits for the tasks at the end:
// govmomi looks at a task every 20 ms, and two looks a VM are most of a minute for 1,000 VMs.
func (i *inventory) createVMs() error {
	folder := i.folder(i.dc.VmFolder)
	tasks := make([]types.ManagedObjectReference, 0, i.spec.vms)
	for n := 1; n <= i.spec.vms; n++ {
		ctx := *i.ctx // a lock belongs to a context: with one for all, the tasks would run at once
		body := folder.CreateVMTask(&ctx, i.brownfieldVM(folder, n))
		tasks = append(tasks, body.(*methods.CreateVM_TaskBody).Res.Returnval)
		i.ctx.WithLock(folder, func() {}) // until it has its moref: the next task takes a number too
	}
	for n, task := range tasks {
		result, err := i.task(task)
		if err != nil {
			return err
		}
		vm := get[*simulator.VirtualMachine](i.registry(), result.(types.ManagedObjectReference))
		i.introduce(i.ctx, vm)
		i.start(vm, n+1)
	}
	return nil
}

// brownfieldVM varies what a fleet varies in. One in four has its disks on storage of its cluster only,
// one in three a second disk, one in three a second NIC.
func (i *inventory) brownfieldVM(folder *simulator.Folder, n int) *types.CreateVM_Task {
	cluster := i.clusters()[n%i.spec.clusters]
	host := cluster.Host[(n/i.spec.clusters)%i.spec.hosts]
	guest := guests[i.random.Intn(len(guests))]
	datastore := fmt.Sprintf("shared%d", 1+i.random.Intn(i.spec.sharedDatastores))
	if n%4 == 0 {
		datastore = cluster.Name + "-ssd"
	}
	spec := types.VirtualMachineConfigSpec{
		Name: fmt.Sprintf("app-%03d", n), GuestId: guest.id,
		Uuid: i.uuid(), InstanceUuid: i.uuid(),
		NumCPUs: int32(1 << i.random.Intn(4)), MemoryMB: int64(2048 << i.random.Intn(4)),
		Files:        &types.VirtualMachineFileInfo{VmPathName: fmt.Sprintf("[%s]", datastore)},
		DeviceChange: i.brownfieldDevices(n, datastore, guest.diskGB),
	}
	return &types.CreateVM_Task{This: folder.Self, Config: spec, Pool: *cluster.ResourcePool, Host: &host}
}

func (i *inventory) brownfieldDevices(n int, datastore string, diskGB int64) []types.BaseVirtualDeviceConfigSpec {
	var devices object.VirtualDeviceList
	scsi, _ := devices.CreateSCSIController("pvscsi")
	devices = append(devices, scsi)
	sizes := []int64{diskGB}
	if n%3 == 0 {
		sizes = append(sizes, 20<<i.random.Intn(4))
	}
	for d, size := range sizes {
		name := fmt.Sprintf("[%s] app-%03d/app-%03d", datastore, n, n)
		if d > 0 {
			name += fmt.Sprintf("_%d", d)
		}
		disk := devices.CreateDisk(scsi.(types.BaseVirtualController), types.ManagedObjectReference{}, name+".vmdk")
		disk.CapacityInKB = size << 20
		thin := i.random.Intn(3) > 0
		disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo).ThinProvisioned = &thin
		devices = append(devices, disk)
	}
	backings := i.brownfieldBackings()
	for nic := 0; nic < 1+n%3/2; nic++ {
		card, _ := devices.CreateEthernetCard("vmxnet3", backings[(n+nic)%len(backings)])
		ethernet := card.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard()
		ethernet.AddressType = string(types.VirtualEthernetCardMacTypeAssigned)
		ethernet.MacAddress = fmt.Sprintf("00:50:56:%02x:%02x:%02x", 0x80+i.spec.serverID+n>>14, n>>6&0xff, n<<2&0xfc|nic)
		devices = append(devices, card)
	}
	changes, _ := devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	return changes
}

func (i *inventory) brownfieldBackings() []types.BaseVirtualDeviceBackingInfo {
	var all []types.BaseVirtualDeviceBackingInfo
	for _, vlan := range standardVLANs {
		all = append(all, &types.VirtualEthernetCardNetworkBackingInfo{
			VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: standardPortGroup(vlan)},
		})
	}
	for _, pg := range i.distributedPortGroups() {
		if isTrue(pg.Config.Uplink) {
			continue
		}
		all = append(all, &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{
			Port: types.DistributedVirtualSwitchPortConnection{SwitchUuid: i.dvs.Uuid, PortgroupKey: pg.Key},
		})
	}
	return all
}

// start powers most of them on and lets VMware Tools report, as in a fleet that works: one in five is off,
// one in seven has no Tools.
func (i *inventory) start(vm *simulator.VirtualMachine, n int) {
	guest := guests[slices.IndexFunc(guests, func(g guestSystem) bool { return g.id == vm.Config.GuestId })]
	set(i.ctx, vm, map[string]types.AnyType{
		"config.guestFullName": guest.fullName, "summary.config.guestFullName": guest.fullName,
	})
	if n%5 == 4 {
		return
	}
	on, now := types.VirtualMachinePowerStatePoweredOn, time.Now()
	for _, device := range vm.Config.Hardware.Device {
		if connectable := device.GetVirtualDevice().Connectable; connectable != nil {
			connectable.Connected = connectable.StartConnected
		}
	}
	set(i.ctx, vm, map[string]types.AnyType{
		"runtime.powerState": on, "summary.runtime.powerState": on,
		"runtime.bootTime": now, "summary.runtime.bootTime": now,
	})
	if n%7 != 6 {
		i.reportTools(vm, guest, n)
	}
}

func (i *inventory) reportTools(vm *simulator.VirtualMachine, guest guestSystem, n int) {
	info := *vm.Guest
	info.ToolsStatus = types.VirtualMachineToolsStatusToolsOk
	info.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	info.ToolsVersionStatus2 = string(types.VirtualMachineToolsVersionStatusGuestToolsCurrent)
	info.ToolsVersion = "12352"
	info.GuestId, info.GuestFamily, info.GuestFullName = guest.id, guest.family, guest.fullName
	info.GuestState = string(types.VirtualMachineGuestStateRunning)
	info.HostName = vm.Name
	info.Net = slices.Clone(info.Net)
	for nic := range info.Net {
		info.Net[nic].IpAddress = []string{fmt.Sprintf("10.%d.%d.%d", nic+2*i.spec.serverID, n/250%256, 2+n%250)}
	}
	info.IpAddress = info.Net[0].IpAddress[0]
	set(i.ctx, vm, map[string]types.AnyType{"guest": &info, "summary.guest": &types.VirtualMachineGuestSummary{
		GuestId: info.GuestId, GuestFullName: info.GuestFullName, HostName: info.HostName, IpAddress: info.IpAddress,
		ToolsStatus: info.ToolsStatus, ToolsRunningStatus: info.ToolsRunningStatus,
		ToolsVersionStatus2: info.ToolsVersionStatus2,
	}})
}
