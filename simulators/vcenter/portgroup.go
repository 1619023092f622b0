package main

import (
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The VLANs of the port groups that are there before OpenStack: on vSwitch0 of every host, and on dvs1.
var (
	standardVLANs    = []int32{10, 20}
	distributedVLANs = []int32{30, 40}
)

func standardPortGroup(vlan int32) string    { return fmt.Sprintf("VLAN %d", vlan) }
func distributedPortGroup(vlan int32) string { return fmt.Sprintf("dvs1-VLAN %d", vlan) }

// createPortGroups makes the standard ones, on each host by itself, and the distributed ones.
func (i *inventory) createPortGroups() error {
	for _, cluster := range i.clusters() {
		for _, host := range i.hosts(cluster) {
			i.linkNetwork(i.ctx, host, "VM Network")
			for _, vlan := range standardVLANs {
				fault := i.addPortGroup(i.ctx, host, types.HostPortGroupSpec{
					Name: standardPortGroup(vlan), VlanId: vlan, VswitchName: "vSwitch0",
				})
				if fault != nil {
					return fmt.Errorf("%s on %s: %T", standardPortGroup(vlan), host.Name, fault)
				}
			}
		}
	}
	return i.createDistributedPortGroups()
}

type networkSystemMethods struct {
	methodSet
	inventory *inventory
}

func (m *networkSystemMethods) host(ctx *simulator.Context, system types.ManagedObjectReference) *simulator.HostSystem {
	return get[*simulator.HostSystem](ctx.Map, get[*simulator.HostNetworkSystem](ctx.Map, system).Host.Self)
}

// AddPortGroup adds it on this host only. vCenter shows groups of one name as one Network.
func (m *networkSystemMethods) AddPortGroup(ctx *simulator.Context, req *types.AddPortGroup) soap.HasFault {
	host := m.host(ctx, req.This)
	var fault types.BaseMethodFault
	ctx.WithLock(host, func() { fault = m.inventory.addPortGroup(ctx, host, req.Portgrp) })
	if fault != nil {
		return &methods.AddPortGroupBody{Fault_: refusal(fault)}
	}
	return &methods.AddPortGroupBody{Res: &types.AddPortGroupResponse{}}
}

// UpdatePortGroup changes the VLAN, the switch or the name of a group.
func (m *networkSystemMethods) UpdatePortGroup(ctx *simulator.Context, req *types.UpdatePortGroup) soap.HasFault {
	host := m.host(ctx, req.This)
	var fault types.BaseMethodFault
	ctx.WithLock(host, func() { fault = m.inventory.updatePortGroup(ctx, host, req.PgName, req.Portgrp) })
	if fault != nil {
		return &methods.UpdatePortGroupBody{Fault_: refusal(fault)}
	}
	return &methods.UpdatePortGroupBody{Res: &types.UpdatePortGroupResponse{}}
}

// RemovePortGroup refuses while a NIC of a VM or of the host itself uses the group.
func (m *networkSystemMethods) RemovePortGroup(ctx *simulator.Context, req *types.RemovePortGroup) soap.HasFault {
	host := m.host(ctx, req.This)
	var fault types.BaseMethodFault
	ctx.WithLock(host, func() { fault = m.inventory.removePortGroup(ctx, host, req.PgName) })
	if fault != nil {
		return &methods.RemovePortGroupBody{Fault_: refusal(fault)}
	}
	return &methods.RemovePortGroupBody{Res: &types.RemovePortGroupResponse{}}
}

// RefreshNetworkSystem has nothing to read again: here vCenter never misses a change.
func (m *networkSystemMethods) RefreshNetworkSystem(*types.RefreshNetworkSystem) soap.HasFault {
	return &methods.RefreshNetworkSystemBody{Res: &types.RefreshNetworkSystemResponse{}}
}

func (i *inventory) checkPortGroup(host *simulator.HostSystem, spec *types.HostPortGroupSpec) types.BaseMethodFault {
	switch {
	case host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		return &types.HostNotConnected{}
	case spec.Name == "":
		return &types.InvalidArgument{InvalidProperty: "portgrp.name"}
	case spec.VlanId < 0 || spec.VlanId > 4095:
		return &types.InvalidArgument{InvalidProperty: "portgrp.vlanId"}
	}
	for _, vswitch := range host.Config.Network.Vswitch {
		if vswitch.Name == spec.VswitchName {
			return nil
		}
	}
	return &types.NotFound{}
}

func findPortGroup(host *simulator.HostSystem, name string) int {
	return slices.IndexFunc(host.Config.Network.Portgroup, func(pg types.HostPortGroup) bool {
		return pg.Spec.Name == name
	})
}

func (i *inventory) addPortGroup(
	ctx *simulator.Context, host *simulator.HostSystem, spec types.HostPortGroupSpec,
) types.BaseMethodFault {
	if fault := i.checkPortGroup(host, &spec); fault != nil {
		return fault
	}
	if findPortGroup(host, spec.Name) >= 0 {
		return &types.AlreadyExists{Name: spec.Name}
	}
	i.storePortGroups(ctx, host, append(slices.Clone(host.Config.Network.Portgroup), types.HostPortGroup{
		Key:     "key-vim.host.PortGroup-" + spec.Name,
		Vswitch: "key-vim.host.VirtualSwitch-" + spec.VswitchName,
		Spec:    spec,
	}))
	i.linkNetwork(ctx, host, spec.Name)
	return nil
}

func (i *inventory) updatePortGroup(
	ctx *simulator.Context, host *simulator.HostSystem, name string, spec types.HostPortGroupSpec,
) types.BaseMethodFault {
	n := findPortGroup(host, name)
	if n < 0 {
		return &types.NotFound{}
	}
	if fault := i.checkPortGroup(host, &spec); fault != nil {
		return fault
	}
	if spec.Name != name && findPortGroup(host, spec.Name) >= 0 {
		return &types.AlreadyExists{Name: spec.Name}
	}
	groups := slices.Clone(host.Config.Network.Portgroup)
	groups[n].Key = "key-vim.host.PortGroup-" + spec.Name
	groups[n].Vswitch = "key-vim.host.VirtualSwitch-" + spec.VswitchName
	groups[n].Spec = spec
	i.storePortGroups(ctx, host, groups)
	if network := i.findNetwork(name); spec.Name != name && network != nil {
		i.unlinkNetwork(ctx, host, network.Self)
		i.linkNetwork(ctx, host, spec.Name)
	}
	return nil
}

func (i *inventory) removePortGroup(
	ctx *simulator.Context, host *simulator.HostSystem, name string,
) types.BaseMethodFault {
	n := findPortGroup(host, name)
	if n < 0 {
		return &types.NotFound{}
	}
	for _, vnic := range host.Config.Network.Vnic {
		if vnic.Portgroup == name {
			return &types.ResourceInUse{Type: "Network", Name: name}
		}
	}
	network := i.findNetwork(name)
	for _, vm := range network.Vm {
		if slices.Contains(host.Vm, vm) {
			return &types.ResourceInUse{Type: "Network", Name: name}
		}
	}
	i.storePortGroups(ctx, host, slices.Delete(slices.Clone(host.Config.Network.Portgroup), n, n+1))
	i.unlinkNetwork(ctx, host, network.Self)
	return nil
}

// storePortGroups writes the list to the two places where ESXi shows it, and its keys to the switches.
func (i *inventory) storePortGroups(
	ctx *simulator.Context, host *simulator.HostSystem, groups []types.HostPortGroup,
) {
	switches := slices.Clone(host.Config.Network.Vswitch)
	for n := range switches {
		switches[n].Portgroup = nil
		for _, group := range groups {
			if group.Vswitch == switches[n].Key {
				switches[n].Portgroup = append(switches[n].Portgroup, group.Key)
			}
		}
	}
	set(ctx, host, map[string]types.AnyType{
		"config.network.portgroup": groups, "config.network.vswitch": switches,
	})
	set(ctx, i.networkSystem(host), map[string]types.AnyType{
		"networkInfo.portgroup": groups, "networkInfo.vswitch": switches,
	})
}

func (i *inventory) findNetwork(name string) *mo.Network {
	for _, ref := range i.dc.Network {
		if network, ok := i.registry().Get(ref).(*mo.Network); ok && network.Name == name {
			return network
		}
	}
	return nil
}

// linkNetwork shows the group in the inventory: in the Network of its name, which the first host makes.
func (i *inventory) linkNetwork(ctx *simulator.Context, host *simulator.HostSystem, name string) {
	network := i.findNetwork(name)
	if network == nil {
		network = i.createNetwork(ctx, name)
	}
	i.addReference(ctx, network, "host", network.Host, host.Self)
	i.addReference(ctx, host, "network", host.Network, network.Self)
	cluster := i.clusterOf(host)
	i.addReference(ctx, cluster, "network", cluster.Network, network.Self)
}

func (i *inventory) createNetwork(ctx *simulator.Context, name string) *mo.Network {
	network := &mo.Network{Name: name}
	network.Self.Type = "Network"
	network.Entity().Name = name
	i.registry().NewEntity(network)
	network.Summary = &types.NetworkSummary{Network: &network.Self, Name: name, Accessible: true}
	folder := i.folder(i.dc.NetworkFolder)
	i.addReference(ctx, folder, "childEntity", folder.ChildEntity, network.Self)
	i.registry().PutEntity(folder, network)
	i.addReference(ctx, i.dc, "network", i.dc.Network, network.Self)
	return network
}

// unlinkNetwork takes the network from the host, from its cluster when no other member has it, and from
// the inventory when no host has it.
func (i *inventory) unlinkNetwork(
	ctx *simulator.Context, host *simulator.HostSystem, ref types.ManagedObjectReference,
) {
	i.removeReference(ctx, host, "network", host.Network, ref)
	cluster := i.clusterOf(host)
	shared := slices.ContainsFunc(i.hosts(cluster), func(h *simulator.HostSystem) bool {
		return slices.Contains(h.Network, ref)
	})
	if !shared {
		i.removeReference(ctx, cluster, "network", cluster.Network, ref)
	}
	network, ok := i.registry().Get(ref).(*mo.Network)
	if !ok {
		return
	}
	i.removeReference(ctx, network, "host", network.Host, host.Self)
	if len(network.Host) == 0 {
		folder := i.folder(i.dc.NetworkFolder)
		i.removeReference(ctx, folder, "childEntity", folder.ChildEntity, ref)
		i.removeReference(ctx, i.dc, "network", i.dc.Network, ref)
		i.registry().Remove(ctx, ref)
	}
}

func (i *inventory) addReference(
	ctx *simulator.Context, obj mo.Reference, property string,
	refs []types.ManagedObjectReference, ref types.ManagedObjectReference,
) {
	if !slices.Contains(refs, ref) {
		set(ctx, obj, map[string]types.AnyType{property: append(slices.Clone(refs), ref)})
	}
}

func (i *inventory) removeReference(
	ctx *simulator.Context, obj mo.Reference, property string,
	refs []types.ManagedObjectReference, ref types.ManagedObjectReference,
) {
	left := slices.DeleteFunc(slices.Clone(refs), func(r types.ManagedObjectReference) bool { return r == ref })
	if len(left) != len(refs) {
		set(ctx, obj, map[string]types.AnyType{property: left})
	}
}
