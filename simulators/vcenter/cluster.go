package main

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type clusterMethods struct {
	methodSet
	inventory *inventory
}

// AddHostTask adds a host like those that are there: it sees the datastores that all others of the cluster see, is a
// member of the distributed switch, and has the standard switch as it comes.
func (m *clusterMethods) AddHostTask(ctx *simulator.Context, req *types.AddHost_Task) soap.HasFault {
	cluster := get[*simulator.ClusterComputeResource](ctx.Map, req.This)
	i := m.inventory
	task := run(ctx, cluster, "AddHost_Task", func() (types.AnyType, types.BaseMethodFault) {
		name := req.Spec.HostName
		if name == "" {
			return nil, &types.InvalidArgument{InvalidProperty: "spec.hostName"}
		}
		for _, each := range i.clusters() {
			if fault := taken(ctx, each.Host, name, nobody); fault != nil {
				return nil, fault
			}
		}
		others := i.hosts(cluster)
		host, err := i.createHost(ctx, cluster, name)
		if err != nil {
			return nil, &types.HostConnectFault{}
		}
		i.equip(ctx, host, others)
		set(ctx, cluster, map[string]types.AnyType{"host": slices.Clone(cluster.Host), "summary": cluster.Summary})
		i.added = true
		return host.Self, nil
	})
	return &methods.AddHost_TaskBody{Res: &types.AddHost_TaskResponse{Returnval: task}}
}

// equip mounts the datastores that all of the other hosts have, and shows the networks.
func (i *inventory) equip(ctx *simulator.Context, host *simulator.HostSystem, others []*simulator.HostSystem) {
	host.Network = nil
	i.linkNetwork(ctx, host, "VM Network")
	for _, pg := range i.distributedPortGroups() {
		ctx.WithLock(pg, func() { i.addReference(ctx, pg, "host", pg.Host, host.Self) })
		i.addReference(ctx, host, "network", host.Network, pg.Self)
	}
	system := get[*simulator.HostDatastoreSystem](ctx.Map, *host.ConfigManager.DatastoreSystem)
	for _, ds := range i.datastores() {
		shared := !slices.ContainsFunc(others, func(other *simulator.HostSystem) bool {
			return !slices.Contains(other.Datastore, ds.Self)
		})
		if len(others) > 0 && shared && isTrue(ds.Summary.MultipleHostAccess) {
			system.CreateLocalDatastore(ctx, &types.CreateLocalDatastore{
				This: system.Self, Name: ds.Name, Path: ds.Summary.Url,
			})
			ds.Host[len(ds.Host)-1].MountInfo.Path = ds.Host[0].MountInfo.Path
			set(ctx, ds, map[string]types.AnyType{"host": slices.Clone(ds.Host)})
		}
	}
}
