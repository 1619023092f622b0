package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func vlanID(vlan int32) types.BaseDVPortSetting {
	return &types.VMwareDVSPortSetting{Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: vlan}}
}

func (l *lab) createGroup(name string, vlan int32) (*object.Task, error) {
	l.Helper()
	dvs, err := l.find.Network(l.ctx, "dvs1")
	l.must(err)
	res, err := methods.CreateDVPortgroup_Task(l.ctx, l.client, &types.CreateDVPortgroup_Task{
		This: dvs.Reference(),
		Spec: types.DVPortgroupConfigSpec{
			Name: name, Type: "earlyBinding", NumPorts: 8, Description: "kept", DefaultPortConfig: vlanID(vlan),
		},
	})
	if err != nil {
		return nil, err
	}
	return object.NewTask(l.client, res.Returnval), nil
}

func (l *lab) group(name string, vlan int32) *object.DistributedVirtualPortgroup {
	l.Helper()
	info := l.done(l.createGroup(name, vlan))
	return object.NewDistributedVirtualPortgroup(l.client, info.Result.(types.ManagedObjectReference))
}

func TestCreateDVPortgroup(t *testing.T) {
	l := newLab(t)
	var pg mo.DistributedVirtualPortgroup
	l.read(l.group("net", 55), &pg, "config", "host")
	vlan := pg.Config.DefaultPortConfig.(*types.VMwareDVSPortSetting).Vlan
	if got := vlan.(*types.VmwareDistributedVirtualSwitchVlanIdSpec).VlanId; got != 55 || len(pg.Host) != 4 {
		t.Errorf("VLAN %d on %d hosts", got, len(pg.Host))
	}
	for name, c := range map[string]struct {
		group string
		vlan  int32
		want  types.BaseMethodFault
	}{
		"a name that is taken": {"net", 56, &types.DuplicateName{}},
		"no name":              {"", 56, &types.InvalidName{}},
		"VLAN above 4094":      {"high", 4095, &types.InvalidArgument{}},
	} {
		t.Run(name, func(*testing.T) {
			task, err := l.createGroup(c.group, c.vlan)
			l.failed(task, err, c.want)
		})
	}
}

func TestReconfigureDVPortgroup(t *testing.T) {
	l := newLab(t)
	pg := l.group("net", 55)
	l.done(pg.Reconfigure(l.ctx, types.DVPortgroupConfigSpec{ConfigVersion: "0", DefaultPortConfig: vlanID(56)}))
	var after mo.DistributedVirtualPortgroup
	l.read(pg, &after, "config")
	if after.Config.Description != "kept" || after.Config.NumPorts != 8 || after.Config.ConfigVersion != "1" {
		t.Errorf("what the spec leaves out must stay: %+v", after.Config)
	}
	task, err := pg.Reconfigure(l.ctx, types.DVPortgroupConfigSpec{ConfigVersion: "0", DefaultPortConfig: vlanID(57)})
	l.failed(task, err, &types.ConcurrentAccess{})
}

func TestDestroyDVPortgroupLeavesNoReference(t *testing.T) {
	l := newLab(t)
	pg := l.group("net", 55)
	l.done(pg.Destroy(l.ctx))
	var cluster mo.ClusterComputeResource
	var host mo.HostSystem
	l.read(l.cluster("cluster1"), &cluster, "network")
	l.read(l.host("esx11"), &host, "network")
	if slices.Contains(cluster.Network, pg.Reference()) || slices.Contains(host.Network, pg.Reference()) {
		t.Error("a reference to the group is left")
	}
}
