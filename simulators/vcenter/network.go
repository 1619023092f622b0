package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// checkDevices refuses what the host could not connect, which govmomi does not survive.
func (i *inventory) checkDevices(
	ctx *simulator.Context, host *simulator.HostSystem, changes []types.BaseVirtualDeviceConfigSpec,
) types.BaseMethodFault {
	for n, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		if spec.Operation == types.VirtualDeviceConfigSpecOperationRemove {
			continue
		}
		if _, isNIC := spec.Device.(types.BaseVirtualEthernetCard); !isNIC {
			continue
		}
		network := i.networkOf(spec.Device.GetVirtualDevice().Backing)
		if network == nil || !slices.Contains(host.Network, network.Self) {
			return &types.InvalidDeviceSpec{
				InvalidVmConfig: types.InvalidVmConfig{Property: "virtualDeviceSpec.device.backing"},
				DeviceIndex:     int32(n),
			}
		}
	}
	return nil
}

// networkOf finds what a NIC is backed by.
func (i *inventory) networkOf(backing types.BaseVirtualDeviceBackingInfo) *mo.Network {
	switch b := backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		for _, ref := range i.dc.Network {
			if network, ok := i.registry().Get(ref).(*mo.Network); ok && network.Name == b.DeviceName {
				return network
			}
		}
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		for _, ref := range i.dvs.Portgroup {
			pg := get[*simulator.DistributedVirtualPortgroup](i.registry(), ref)
			if pg.Key == b.Port.PortgroupKey && i.dvs.Uuid == b.Port.SwitchUuid {
				return &pg.Network
			}
		}
	}
	return nil
}

// networks returns every standard network and distributed port group.
func (i *inventory) networks() []mo.Reference {
	var all []mo.Reference
	for _, ref := range i.dc.Network {
		switch network := i.registry().Get(ref).(type) {
		case *mo.Network, *simulator.DistributedVirtualPortgroup:
			all = append(all, network)
		}
	}
	return all
}

func networkMO(ref mo.Reference) *mo.Network {
	if pg, ok := ref.(*simulator.DistributedVirtualPortgroup); ok {
		return &pg.Network
	}
	return ref.(*mo.Network)
}

// connect makes the networks' lists of VMs and the VM's list of networks say what its NICs say.
func (i *inventory) connect(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	var used []types.ManagedObjectReference
	for _, device := range vm.Config.Hardware.Device {
		if _, isNIC := device.(types.BaseVirtualEthernetCard); !isNIC {
			continue
		}
		if network := i.networkOf(device.GetVirtualDevice().Backing); network != nil {
			if !slices.Contains(used, network.Self) {
				used = append(used, network.Self)
			}
		}
	}
	if !slices.Equal(used, vm.Network) {
		set(ctx, vm, map[string]types.AnyType{"network": used})
	}
	i.listIn(ctx, vm.Self, used)
}

// disconnect takes a VM that is gone from the networks.
func (i *inventory) disconnect(ctx *simulator.Context, vm types.ManagedObjectReference) {
	i.listIn(ctx, vm, nil)
}

func (i *inventory) listIn(
	ctx *simulator.Context, vm types.ManagedObjectReference, used []types.ManagedObjectReference,
) {
	for _, ref := range i.networks() {
		ctx.WithLock(ref, func() {
			network := networkMO(ref)
			listed, wanted := slices.Contains(network.Vm, vm), slices.Contains(used, network.Self)
			if listed == wanted {
				return
			}
			vms := slices.DeleteFunc(slices.Clone(network.Vm), func(r types.ManagedObjectReference) bool { return r == vm })
			if wanted {
				vms = append(vms, vm)
			}
			set(ctx, ref, map[string]types.AnyType{"vm": vms})
		})
	}
}
