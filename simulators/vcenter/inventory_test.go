package main

import (
	"fmt"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/mo"
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
