package main

import (
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func (i *inventory) createSwitch() error {
	folder := i.folder(i.dc.NetworkFolder)
	body := folder.CreateDVSTask(i.ctx, &types.CreateDVS_Task{
		This: folder.Self,
		Spec: types.DVSCreateSpec{ConfigSpec: &types.VMwareDVSConfigSpec{
			DVSConfigSpec: types.DVSConfigSpec{Name: "dvs1", ConfigVersion: "0"}, MaxMtu: 9000,
		}},
	})
	result, err := i.task(body.(*methods.CreateDVS_TaskBody).Res.Returnval)
	if err != nil {
		return err
	}
	i.dvs = get[*simulator.DistributedVirtualSwitch](i.registry(), result.(types.ManagedObjectReference))
	i.identifySwitch()
	return i.markUplinks()
}

// identifySwitch gives the switch a UUID that none of another vCenter has: govmomi makes it of the name.
func (i *inventory) identifySwitch() {
	vcenter := serviceInstance(i.registry()).Content.About.InstanceUuid
	id := uuid.NewSHA1(uuid.NameSpaceOID, []byte(vcenter+i.dvs.Name)).String()
	i.dvs.Uuid, i.dvs.Summary.Uuid, i.dvs.Config.GetDVSConfigInfo().Uuid = id, id, id
}

// markUplinks waits for the uplink port group, which govmomi makes behind our back, and says what it is.
func (i *inventory) markUplinks() error {
	for _, ref := range i.registry().AllReference("Task") {
		if task := ref.(*simulator.Task); *task.Info.Entity == i.dvs.Self {
			if _, err := i.task(task.Self); err != nil {
				return err
			}
		}
	}
	uplink := true
	for _, pg := range i.distributedPortGroups() {
		pg.Config.Uplink, pg.Config.ConfigVersion = &uplink, "0"
	}
	i.dvs.Config.GetDVSConfigInfo().UplinkPortgroup = slices.Clone(i.dvs.Portgroup)
	return nil
}

func (i *inventory) joinSwitch(ctx *simulator.Context, host *simulator.HostSystem) error {
	body := i.dvs.ReconfigureDvsTask(ctx, &types.ReconfigureDvs_Task{
		This: i.dvs.Self,
		Spec: &types.DVSConfigSpec{Host: []types.DistributedVirtualSwitchHostMemberConfigSpec{{
			Operation: string(types.ConfigSpecOperationAdd), Host: host.Self,
		}}},
	})
	_, err := i.task(body.(*methods.ReconfigureDvs_TaskBody).Res.Returnval)
	return err
}

func (i *inventory) distributedPortGroups() []*simulator.DistributedVirtualPortgroup {
	var all []*simulator.DistributedVirtualPortgroup
	for _, ref := range i.dvs.Portgroup {
		all = append(all, get[*simulator.DistributedVirtualPortgroup](i.registry(), ref))
	}
	return all
}

func (i *inventory) createDistributedPortGroups() error {
	autoExpand := true
	for _, vlan := range distributedVLANs {
		task := i.addDistributed(i.ctx, i.dvs, types.DVPortgroupConfigSpec{
			Name: distributedPortGroup(vlan), NumPorts: 8, AutoExpand: &autoExpand,
			Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
			DefaultPortConfig: &types.VMwareDVSPortSetting{
				Vlan: &types.VmwareDistributedVirtualSwitchVlanIdSpec{VlanId: vlan},
			},
		})
		if _, err := i.task(task); err != nil {
			return err
		}
	}
	return nil
}

type dvsMethods struct {
	methodSet
	inventory *inventory
}

// AddDVPortgroupTask has no result: the API returns nothing, and a client looks the groups up.
func (m *dvsMethods) AddDVPortgroupTask(ctx *simulator.Context, req *types.AddDVPortgroup_Task) soap.HasFault {
	dvs := get[*simulator.DistributedVirtualSwitch](ctx.Map, req.This)
	task := run(ctx, dvs, "AddDVPortgroup_Task", func() (types.AnyType, types.BaseMethodFault) {
		_, fault := wait(ctx, m.inventory.addDistributed(ctx, dvs, req.Spec...))
		return nil, fault
	})
	return &methods.AddDVPortgroup_TaskBody{Res: &types.AddDVPortgroup_TaskResponse{Returnval: task}}
}

// CreateDVPortgroupTask makes one group and returns it.
func (m *dvsMethods) CreateDVPortgroupTask(
	ctx *simulator.Context, req *types.CreateDVPortgroup_Task,
) soap.HasFault {
	dvs := get[*simulator.DistributedVirtualSwitch](ctx.Map, req.This)
	task := run(ctx, dvs, "CreateDVPortgroup_Task", func() (types.AnyType, types.BaseMethodFault) {
		return wait(ctx, m.inventory.addDistributed(ctx, dvs, req.Spec))
	})
	return &methods.CreateDVPortgroup_TaskBody{Res: &types.CreateDVPortgroup_TaskResponse{Returnval: task}}
}

// addDistributed adds groups, all or none; the result is the last one.
func (i *inventory) addDistributed(
	ctx *simulator.Context, dvs *simulator.DistributedVirtualSwitch, specs ...types.DVPortgroupConfigSpec,
) types.ManagedObjectReference {
	return run(ctx, dvs, "AddDVPortgroups_Task", func() (types.AnyType, types.BaseMethodFault) {
		for n := range specs {
			if fault := i.checkDistributed(&specs[n]); fault != nil {
				return nil, fault
			}
			specs[n].ConfigVersion = "0"
		}
		body := dvs.AddDVPortgroupTask(ctx, &types.AddDVPortgroup_Task{This: dvs.Self, Spec: specs})
		if _, fault := wait(ctx, body.(*methods.AddDVPortgroup_TaskBody).Res.Returnval); fault != nil {
			return nil, fault
		}
		return dvs.Portgroup[len(dvs.Portgroup)-1], nil
	})
}

func (i *inventory) checkDistributed(spec *types.DVPortgroupConfigSpec) types.BaseMethodFault {
	if spec.Name == "" || len(spec.Name) > 80 {
		return &types.InvalidName{Name: spec.Name}
	}
	for _, ref := range i.networks() {
		if networkMO(ref).Name == spec.Name {
			return &types.DuplicateName{Name: spec.Name, Object: ref.Reference()}
		}
	}
	return checkDistributedVLAN(spec.DefaultPortConfig)
}

// checkDistributedVLAN knows the ranges of the API: an id from 0 to 4094, of which 0 is none.
func checkDistributedVLAN(config types.BaseDVPortSetting) types.BaseMethodFault {
	setting, ok := config.(*types.VMwareDVSPortSetting)
	if !ok || setting.Vlan == nil {
		return nil
	}
	valid := true
	switch vlan := setting.Vlan.(type) {
	case *types.VmwareDistributedVirtualSwitchVlanIdSpec:
		valid = vlan.VlanId >= 0 && vlan.VlanId <= 4094
	case *types.VmwareDistributedVirtualSwitchTrunkVlanSpec:
		for _, r := range vlan.VlanId {
			valid = valid && r.Start >= 0 && r.Start <= r.End && r.End <= 4094
		}
	}
	if !valid {
		return &types.InvalidArgument{InvalidProperty: "spec.defaultPortConfig.vlan"}
	}
	return nil
}

type distributedPortGroupMethods struct {
	methodSet
	inventory *inventory
}

// ReconfigureDVPortgroupTask changes what the spec sets, unless somebody else changed the group first.
func (m *distributedPortGroupMethods) ReconfigureDVPortgroupTask(
	ctx *simulator.Context, req *types.ReconfigureDVPortgroup_Task,
) soap.HasFault {
	pg := get[*simulator.DistributedVirtualPortgroup](ctx.Map, req.This)
	task := run(ctx, pg, "ReconfigureDVPortgroup_Task", func() (types.AnyType, types.BaseMethodFault) {
		spec := &req.Spec
		if spec.ConfigVersion != "" && spec.ConfigVersion != pg.Config.ConfigVersion {
			return nil, &types.ConcurrentAccess{}
		}
		if fault := checkDistributedVLAN(spec.DefaultPortConfig); fault != nil {
			return nil, fault
		}
		if spec.Name != "" && spec.Name != pg.Name {
			if fault := m.inventory.checkDistributed(spec); fault != nil {
				return nil, fault
			}
		}
		set(ctx, pg, reconfigured(pg, spec))
		return nil, nil
	})
	return &methods.ReconfigureDVPortgroup_TaskBody{
		Res: &types.ReconfigureDVPortgroup_TaskResponse{Returnval: task},
	}
}

func reconfigured(
	pg *simulator.DistributedVirtualPortgroup, spec *types.DVPortgroupConfigSpec,
) map[string]types.AnyType {
	config := pg.Config
	version, _ := strconv.Atoi(config.ConfigVersion)
	config.ConfigVersion = strconv.Itoa(version + 1)
	changes := map[string]types.AnyType{}
	if spec.Name != "" {
		config.Name = spec.Name
		changes["name"] = spec.Name
		pg.Entity().Name = spec.Name // govmomi keeps the name twice
	}
	if spec.NumPorts != 0 {
		config.NumPorts = spec.NumPorts
	}
	if spec.Type != "" {
		config.Type = spec.Type
	}
	if spec.Description != "" {
		config.Description = spec.Description
	}
	if spec.AutoExpand != nil {
		config.AutoExpand = spec.AutoExpand
	}
	if spec.Policy != nil {
		config.Policy = spec.Policy
	}
	if spec.PortNameFormat != "" {
		config.PortNameFormat = spec.PortNameFormat
	}
	if spec.DefaultPortConfig != nil {
		config.DefaultPortConfig = mergedPortConfig(config.DefaultPortConfig, spec.DefaultPortConfig)
	}
	changes["config"] = config
	return changes
}

// mergedPortConfig keeps the settings that the new one leaves out.
func mergedPortConfig(old, update types.BaseDVPortSetting) types.BaseDVPortSetting {
	was, ok := old.(*types.VMwareDVSPortSetting)
	now, okNow := update.(*types.VMwareDVSPortSetting)
	if !ok || !okNow {
		return update
	}
	merged := *was
	if now.Vlan != nil {
		merged.Vlan = now.Vlan
	}
	if now.UplinkTeamingPolicy != nil {
		merged.UplinkTeamingPolicy = now.UplinkTeamingPolicy
	}
	if now.SecurityPolicy != nil {
		merged.SecurityPolicy = now.SecurityPolicy
	}
	if now.MacManagementPolicy != nil {
		merged.MacManagementPolicy = now.MacManagementPolicy
	}
	if now.Blocked != nil {
		merged.Blocked = now.Blocked
	}
	return &merged
}

// DestroyTask refuses while a NIC is connected, and leaves no reference behind.
func (m *distributedPortGroupMethods) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	pg := get[*simulator.DistributedVirtualPortgroup](ctx.Map, req.This)
	task := run(ctx, pg, "Destroy_Task", func() (types.AnyType, types.BaseMethodFault) {
		if len(pg.Vm) > 0 || isTrue(pg.Config.Uplink) {
			return nil, &types.ResourceInUse{Type: pg.Self.Type, Name: pg.Name}
		}
		_, fault := wait(ctx, pg.DestroyTask(ctx, req).(*methods.Destroy_TaskBody).Res.Returnval)
		if fault == nil {
			for _, cluster := range m.inventory.clusters() {
				for _, host := range m.inventory.hosts(cluster) {
					m.inventory.unlinkNetwork(ctx, host, pg.Self)
				}
			}
		}
		return nil, fault
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: task}}
}
