package main

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) vms() (all []mo.VirtualMachine) {
	l.Helper()
	v, err := view.NewManager(l.client).CreateContainerView(
		l.ctx, l.client.ServiceContent.RootFolder, []string{"VirtualMachine"}, true)
	l.must(err)
	l.must(v.Retrieve(l.ctx, []string{"VirtualMachine"}, nil, &all))
	return all
}

func (l *lab) fingerprint() (lines []string) {
	for _, vm := range l.vms() {
		lines = append(lines, fmt.Sprint(vm.Self, vm.Name, vm.Config.Uuid, vm.Config.InstanceUuid, vm.Runtime.Host,
			vm.Runtime.PowerState, vm.Network, vm.Datastore, vm.Guest.IpAddress, vm.Config.Hardware.MemoryMB))
	}
	return append(lines, l.client.ServiceContent.About.InstanceUuid)
}

func TestSameSeedSameInventory(t *testing.T) {
	seed := func(n int64) func(*options) {
		return func(o *options) { o.inventory.vms, o.inventory.seed = 12, n }
	}
	a, b, other := newLab(t, seed(7)).fingerprint(), newLab(t, seed(7)).fingerprint(), newLab(t, seed(8)).fingerprint()
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%v\n%v", a, b)
	}
	if fmt.Sprint(a) == fmt.Sprint(other) {
		t.Error("another seed gave the same inventory")
	}
}

// A vCenter counts its objects from the same number as any other; what names a VM for others differs.
func TestSecondVCenterHasTheMorefsOfTheFirst(t *testing.T) {
	first := newLab(t, func(o *options) { o.inventory.vms = 12 })
	second := newLab(t, func(o *options) { o.inventory.vms, o.inventory.seed, o.inventory.serverID = 12, 2, 1 })
	seen := map[string]bool{}
	for _, vm := range first.vms() {
		for _, name := range append(identity(vm), vm.Self.Value+vm.Name) {
			seen[name] = true
		}
	}
	for _, vm := range second.vms() {
		if !seen[vm.Self.Value+vm.Name] {
			t.Errorf("%s %s is none of the first", vm.Self, vm.Name)
		}
		for _, name := range identity(vm) {
			if seen[name] {
				t.Errorf("%s has %s, as the first", vm.Name, name)
			}
		}
	}
}

func identity(vm mo.VirtualMachine) []string {
	names := []string{vm.Config.Uuid, vm.Config.InstanceUuid}
	for _, net := range vm.Guest.Net {
		names = append(append(names, net.MacAddress), net.IpAddress...)
	}
	for _, device := range vm.Config.Hardware.Device {
		backing := device.GetVirtualDevice().Backing
		if onSwitch, ok := backing.(*types.VirtualEthernetCardDistributedVirtualPortBackingInfo); ok {
			names = append(names, onSwitch.Port.SwitchUuid)
		}
	}
	return names
}

func TestBrownfieldMACsAndAddressesAreUnique(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 60 })
	seen := map[string]string{}
	for _, vm := range l.vms() {
		for _, net := range vm.Guest.Net {
			if other := seen[net.MacAddress]; other != "" {
				t.Errorf("%s and %s share %s", vm.Name, other, net.MacAddress)
			}
			seen[net.MacAddress] = vm.Name
		}
	}
}

func TestFindByUUID(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 3 })
	vm := l.vms()[1]
	instance := true
	found, err := object.NewSearchIndex(l.client).FindAllByUuid(l.ctx, nil, vm.Config.InstanceUuid, true, &instance)
	l.must(err)
	if len(found) != 1 || found[0].Reference() != vm.Self {
		t.Errorf("found %v", found)
	}
}

func TestFlagsOutOfRange(t *testing.T) {
	for name, spec := range map[string]inventorySpec{
		"no cluster":        {clusters: 0, hosts: 1, sharedDatastores: 1},
		"ten clusters":      {clusters: 10, hosts: 1, sharedDatastores: 1},
		"no host":           {clusters: 1, hosts: 0, sharedDatastores: 1},
		"no shared storage": {clusters: 1, hosts: 1, sharedDatastores: 0},
		"negative VMs":      {clusters: 1, hosts: 1, sharedDatastores: 1, vms: -1},
		"no UUID":           {clusters: 1, hosts: 1, sharedDatastores: 1, instanceUUID: "x"},
	} {
		if spec.validate() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestDatastoresHaveRoomForALargeFleet(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 1200 })
	for _, name := range []string{"shared1", "shared2", "cluster1-ssd", "cluster2-ssd"} {
		if free := l.summary(name).FreeSpace; free < 0 {
			t.Errorf("%s: %d bytes free", name, free)
		}
	}
}
