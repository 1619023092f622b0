package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// The VLANs of the port groups that are there before OpenStack: on vSwitch0 of every host, and on dvs1.
var (
	standardVLANs    = []int32{10, 20}
	distributedVLANs = []int32{30, 40}
)

func standardPortGroup(vlan int32) string    { return fmt.Sprintf("VLAN %d", vlan) }
func distributedPortGroup(vlan int32) string { return fmt.Sprintf("dvs1-VLAN %d", vlan) }

func (i *inventory) createSwitch() error {
	folder := i.folder(i.dc.NetworkFolder)
	body := folder.CreateDVSTask(i.ctx, &types.CreateDVS_Task{
		This: folder.Self,
		Spec: types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{
			DVSConfigSpec: types.DVSConfigSpec{Name: "dvs1"}, MaxMtu: 9000,
		}},
	})
	result, err := i.task(body.(*methods.CreateDVS_TaskBody).Res.Returnval)
	if err != nil {
		return err
	}
	i.dvs = i.registry().Get(result.(types.ManagedObjectReference)).(*simulator.DistributedVirtualSwitch)
	return nil
}

func (i *inventory) joinSwitch(host *simulator.HostSystem) error {
	body := i.dvs.ReconfigureDvsTask(i.ctx, &types.ReconfigureDvs_Task{
		This: i.dvs.Self,
		Spec: &types.DVSConfigSpec{Host: []types.DistributedVirtualSwitchHostMemberConfigSpec{{
			Operation: string(types.ConfigSpecOperationAdd), Host: host.Self,
		}}},
	})
	_, err := i.task(body.(*methods.ReconfigureDvs_TaskBody).Res.Returnval)
	return err
}

func (i *inventory) createPortGroups() error {
	for _, vlan := range distributedVLANs {
		body := i.dvs.AddDVPortgroupTask(i.ctx, &types.AddDVPortgroup_Task{
			This: i.dvs.Self, Spec: []types.DVPortgroupConfigSpec{distributedSpec(vlan)},
		})
		if _, err := i.task(body.(*methods.AddDVPortgroup_TaskBody).Res.Returnval); err != nil {
			return err
		}
	}
	return nil
}

func distributedSpec(vlan int32) types.DVPortgroupConfigSpec {
	autoExpand := true
	return types.DVPortgroupConfigSpec{
		Name: distributedPortGroup(vlan), NumPorts: 8, AutoExpand: &autoExpand,
		Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
		DefaultPortConfig: &types.VMwareDVSPortSetting{
			Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: vlan},
		},
	}
}
