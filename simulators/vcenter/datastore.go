package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	sharedBytes  = 16 << 40
	clusterBytes = 4 << 40
	localBytes   = 1 << 40
)

// createDatastores makes three ranks: seen by all hosts, by one cluster, by one host.
func (i *inventory) createDatastores() error {
	var all []*simulator.HostSystem
	for _, cluster := range i.clusters() {
		all = append(all, i.hosts(cluster)...)
	}
	for n := 1; n <= i.spec.sharedDatastores; n++ {
		if err := i.createDatastore(fmt.Sprintf("shared%d", n), sharedBytes, all); err != nil {
			return err
		}
	}
	for _, cluster := range i.clusters() {
		if err := i.createDatastore(cluster.Name+"-ssd", clusterBytes, i.hosts(cluster)); err != nil {
			return err
		}
	}
	for _, host := range all {
		if err := i.createDatastore(host.Name+"-local", localBytes, []*simulator.HostSystem{host}); err != nil {
			return err
		}
	}
	return nil
}

func (i *inventory) createDatastore(name string, capacity int64, hosts []*simulator.HostSystem) error {
	dir, err := i.datastoreDir(name)
	if err != nil {
		return err
	}
	for _, host := range hosts {
		system := i.registry().Get(*host.ConfigManager.DatastoreSystem).(*simulator.HostDatastoreSystem)
		body := system.CreateLocalDatastore(i.ctx, &types.CreateLocalDatastore{
			This: system.Self, Name: name, Path: dir,
		}).(*methods.CreateLocalDatastoreBody)
		if body.Fault_ != nil {
			return fmt.Errorf("datastore %s on %s: %s", name, host.Name, body.Fault_.String)
		}
	}
	folder := i.folder(i.dc.DatastoreFolder)
	ds := i.registry().FindByName(name, folder.ChildEntity).(*simulator.Datastore)
	i.formatVMFS(ds, dir, capacity, len(hosts) > 1)
	return nil
}

// formatVMFS turns govmomi's local directory into what ESXi reports for a VMFS volume.
func (i *inventory) formatVMFS(ds *simulator.Datastore, dir string, capacity int64, shared bool) {
	id := i.uuid()
	ds.Summary.Type = string(types.HostFileSystemVolumeFileSystemTypeVMFS)
	ds.Summary.MultipleHostAccess = &shared
	ds.Summary.Capacity, ds.Summary.FreeSpace = capacity, capacity
	local := !shared
	ds.Info = &types.VmfsDatastoreInfo{
		DatastoreInfo: types.DatastoreInfo{
			Name: ds.Name, Url: dir, FreeSpace: capacity, MaxFileSize: 64 << 40, MaxMemoryFileSize: 64 << 40,
			Timestamp: ds.Info.GetDatastoreInfo().Timestamp,
		},
		Vmfs: &types.HostVmfsVolume{
			HostFileSystemVolume: types.HostFileSystemVolume{
				Type: ds.Summary.Type, Name: ds.Name, Capacity: capacity,
			},
			BlockSizeMb: 1, BlockSize: 1024, MajorVersion: 6, Version: "6.82", Uuid: id, Local: &local,
		},
	}
	for n := range ds.Host {
		ds.Host[n].MountInfo.Path = "/vmfs/volumes/" + id
	}
}

// mountFault gives the fault of using this datastore from this host, or nil.
func mountFault(host *simulator.HostSystem, ds *simulator.Datastore) types.BaseMethodFault {
	invalid := types.InvalidDatastore{Datastore: &ds.Self, Name: ds.Name}
	if ds.Summary.MaintenanceMode != string(types.DatastoreSummaryMaintenanceModeStateNormal) {
		return &types.InvalidDatastoreState{InvalidState: types.InvalidState{}, DatastoreName: ds.Name}
	}
	for _, mount := range ds.Host {
		if mount.Key == host.Self && isTrue(mount.MountInfo.Mounted) {
			if isTrue(mount.MountInfo.Accessible) {
				return nil
			}
			return &types.InaccessibleDatastore{InvalidDatastore: invalid}
		}
	}
	return &invalid
}

func isTrue(b *bool) bool { return b != nil && *b }
