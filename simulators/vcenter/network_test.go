package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestNetworksListTheirVMs(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, "VLAN 10"))
	if !slices.Contains(l.network("VLAN 10").Vm, vm.Reference()) {
		t.Fatal("not listed after creation")
	}
	devices, err := vm.Device(l.ctx)
	l.must(err)
	card := devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
	card.GetVirtualDevice().Backing = &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VLAN 20"},
	}
	l.must(vm.EditDevice(l.ctx, card))
	if slices.Contains(l.network("VLAN 10").Vm, vm.Reference()) || !slices.Contains(l.network("VLAN 20").Vm, vm.Reference()) {
		t.Error("did not follow the NIC")
	}
	l.must(vm.RemoveDevice(l.ctx, true, card))
	if slices.Contains(l.network("VLAN 20").Vm, vm.Reference()) {
		t.Error("listed without a NIC")
	}
	second := l.create("cluster1", nil, vmSpec("second", "shared1", gb, true, "VLAN 10"))
	l.done(second.Destroy(l.ctx))
	if slices.Contains(l.network("VLAN 10").Vm, second.Reference()) {
		t.Error("listed after it was destroyed")
	}
}

func TestDistributedPortGroupListsItsVMs(t *testing.T) {
	l := newLab(t)
	network, err := l.find.Network(l.ctx, "dvs1-VLAN 30")
	l.must(err)
	backing, err := network.EthernetCardBackingInfo(l.ctx)
	l.must(err)
	spec := vmSpec("vm", "shared1", gb, true, "VLAN 10")
	spec.DeviceChange[2].GetVirtualDeviceConfigSpec().Device.GetVirtualDevice().Backing = backing
	vm := l.create("cluster1", nil, spec)
	if !slices.Contains(l.network("dvs1-VLAN 30").Vm, vm.Reference()) {
		t.Error("not listed")
	}
	task, err := network.(*object.DistributedVirtualPortgroup).Destroy(l.ctx)
	l.failed(task, err, &types.ResourceInUse{})
}
