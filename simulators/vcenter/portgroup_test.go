package main

import (
	"testing"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func portGroup(name string, vlan int32, vswitch string) types.HostPortGroupSpec {
	return types.HostPortGroupSpec{Name: name, VlanId: vlan, VswitchName: vswitch}
}

// vlanOf reads a port group's VLAN in the two places where ESXi shows it; -1 if they differ or it is missing.
func (l *lab) vlanOf(host, name string) int32 {
	l.Helper()
	var h mo.HostSystem
	var s mo.HostNetworkSystem
	l.read(l.host(host), &h, "config.network.portgroup")
	l.read(l.networkSystem(host), &s, "networkInfo.portgroup")
	inConfig, inSystem := int32(-1), int32(-2)
	for _, pg := range h.Config.Network.Portgroup {
		if pg.Spec.Name == name {
			inConfig = pg.Spec.VlanId
		}
	}
	for _, pg := range s.NetworkInfo.Portgroup {
		if pg.Spec.Name == name {
			inSystem = pg.Spec.VlanId
		}
	}
	if inConfig != inSystem {
		return -1
	}
	return inConfig
}

func TestStandardPortGroupsArePerHost(t *testing.T) {
	l := newLab(t)
	l.must(l.networkSystem("esx11").AddPortGroup(l.ctx, portGroup("net", 7, "vSwitch0")))
	if hosts := l.network("net").Host; len(hosts) != 1 {
		t.Errorf("on %d hosts after the first", len(hosts))
	}
	l.must(l.networkSystem("esx12").AddPortGroup(l.ctx, portGroup("net", 7, "vSwitch0")))
	if hosts := l.network("net").Host; len(hosts) != 2 {
		t.Errorf("on %d hosts after the second: the two must share one Network", len(hosts))
	}
	l.refused(l.networkSystem("esx11").AddPortGroup(l.ctx, portGroup("net", 8, "vSwitch0")), &types.AlreadyExists{})
	l.must(l.networkSystem("esx11").RemovePortGroup(l.ctx, "net"))
	l.must(l.networkSystem("esx12").RemovePortGroup(l.ctx, "net"))
	if l.network("net") != nil {
		t.Error("the Network outlived its last port group")
	}
}

func TestAddPortGroupRefuses(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct {
		spec types.HostPortGroupSpec
		want types.BaseMethodFault
	}{
		"VLAN above 4095":  {portGroup("net", 4096, "vSwitch0"), &types.InvalidArgument{}},
		"VLAN below 0":     {portGroup("net", -1, "vSwitch0"), &types.InvalidArgument{}},
		"no name":          {portGroup("", 1, "vSwitch0"), &types.InvalidArgument{}},
		"a missing switch": {portGroup("net", 1, "vSwitch9"), &types.NotFound{}},
	} {
		t.Run(name, func(*testing.T) {
			l.refused(l.networkSystem("esx11").AddPortGroup(l.ctx, c.spec), c.want)
		})
	}
}

func TestUpdatePortGroup(t *testing.T) {
	l := newLab(t)
	system := l.networkSystem("esx11")
	update := func(name string, spec types.HostPortGroupSpec) error {
		_, err := methods.UpdatePortGroup(l.ctx, l.client, &types.UpdatePortGroup{
			This: system.Reference(), PgName: name, Portgrp: spec,
		})
		return err
	}
	l.must(system.AddPortGroup(l.ctx, portGroup("net", 7, "vSwitch0")))
	l.must(update("net", portGroup("net", 8, "vSwitch0")))
	if vlan := l.vlanOf("esx11", "net"); vlan != 8 {
		t.Errorf("VLAN %d, want 8", vlan)
	}
	l.refused(update("missing", portGroup("missing", 8, "vSwitch0")), &types.NotFound{})
	l.refused(update("net", portGroup("VLAN 10", 8, "vSwitch0")), &types.AlreadyExists{})
	l.must(update("net", portGroup("renamed", 8, "vSwitch0")))
	if l.network("net") != nil || l.network("renamed") == nil {
		t.Error("the Network did not follow the name")
	}
	_, err := methods.RefreshNetworkSystem(l.ctx, l.client, &types.RefreshNetworkSystem{This: system.Reference()})
	l.must(err)
}

func TestRemovePortGroupInUse(t *testing.T) {
	l := newLab(t)
	l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, "VLAN 10"))
	l.refused(l.networkSystem("esx11").RemovePortGroup(l.ctx, "VLAN 10"), &types.ResourceInUse{})
	l.refused(l.networkSystem("esx11").RemovePortGroup(l.ctx, "Management Network"), &types.ResourceInUse{})
	l.must(l.networkSystem("esx12").RemovePortGroup(l.ctx, "VLAN 10"))
}
