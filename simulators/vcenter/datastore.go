package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	sharedBytes  = 16 << 40
	clusterBytes = 4 << 40
	localBytes   = 1 << 40

	// Of a large fleet, so that its disks have room: an average VM is smaller.
	sharedBytesPerVM  = 32 << 30
	clusterBytesPerVM = 16 << 30
)

// createDatastores makes three ranks: seen by all hosts, by one cluster, by one host.
func (i *inventory) createDatastores() error {
	var all []*simulator.HostSystem
	for _, cluster := range i.clusters() {
		all = append(all, i.hosts(cluster)...)
	}
	vms := int64(i.spec.vms)
	for n := 1; n <= i.spec.sharedDatastores; n++ {
		if err := i.createDatastore(fmt.Sprintf("shared%d", n), max(sharedBytes, vms*sharedBytesPerVM), all); err != nil {
			return err
		}
	}
	for _, cluster := range i.clusters() {
		if err := i.createDatastore(cluster.Name+"-ssd", max(clusterBytes, vms*clusterBytesPerVM), i.hosts(cluster)); err != nil {
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

type datastoreMethods struct {
	methodSet
	inventory *inventory
}

// RefreshDatastore counts the files again.
func (m *datastoreMethods) RefreshDatastore(ctx *simulator.Context, req *types.RefreshDatastore) soap.HasFault {
	ds := get[*simulator.Datastore](ctx.Map, req.This)
	if !ds.Summary.Accessible {
		return &methods.RefreshDatastoreBody{Fault_: refusal(&types.HostConfigFault{})}
	}
	m.inventory.usage.invalidate()
	m.inventory.usage.refresh(ctx)
	return &methods.RefreshDatastoreBody{Res: &types.RefreshDatastoreResponse{}}
}

// RefreshDatastoreStorageInfo does too, with the VMs' storage.
func (m *datastoreMethods) RefreshDatastoreStorageInfo(
	ctx *simulator.Context, _ *types.RefreshDatastoreStorageInfo,
) soap.HasFault {
	m.inventory.usage.invalidate()
	m.inventory.usage.refresh(ctx)
	return &methods.RefreshDatastoreStorageInfoBody{Res: &types.RefreshDatastoreStorageInfoResponse{}}
}

// RenameTask gives the datastore another name, as long as no VM has files there: their paths would have to follow.
func (m *datastoreMethods) RenameTask(ctx *simulator.Context, req *types.Rename_Task) soap.HasFault {
	ds := get[*simulator.Datastore](ctx.Map, req.This)
	task := run(ctx, ds, "Rename_Task", func() (types.AnyType, types.BaseMethodFault) {
		name := escapeName(req.NewName)
		if fault := taken(ctx, m.inventory.folder(*ds.Parent).ChildEntity, name, ds.Self); fault != nil {
			return nil, fault
		}
		if len(ds.Vm) > 0 {
			return nil, &types.NotSupported{}
		}
		return nil, m.rename(ctx, ds, name)
	})
	return &methods.Rename_TaskBody{Res: &types.Rename_TaskResponse{Returnval: task}}
}

// rename takes the folder along, which has the datastore's name when the simulator starts again.
func (m *datastoreMethods) rename(
	ctx *simulator.Context, ds *simulator.Datastore, name string,
) types.BaseMethodFault {
	info := *ds.Info.(*types.VmfsDatastoreInfo)
	dir := filepath.Join(filepath.Dir(info.Url), name)
	if err := os.Rename(info.Url, dir); err != nil {
		return &types.InvalidName{Name: name}
	}
	volume := *info.Vmfs
	info.Name, info.Url, volume.Name = name, dir, name
	info.Vmfs = &volume
	set(ctx, ds, map[string]types.AnyType{"name": name, "summary.name": name, "summary.url": dir, "info": &info})
	return nil
}

// DatastoreEnterMaintenanceMode lets no new VM in at once, and ends when the last has left.
func (m *datastoreMethods) DatastoreEnterMaintenanceMode(
	ctx *simulator.Context, req *types.DatastoreEnterMaintenanceMode,
) soap.HasFault {
	ds := get[*simulator.Datastore](ctx.Map, req.This)
	body := &methods.DatastoreEnterMaintenanceModeBody{}
	if ds.Summary.MaintenanceMode != string(types.DatastoreSummaryMaintenanceModeStateNormal) {
		body.Fault_ = refusal(&types.InvalidState{})
		return body
	}
	m.setMaintenance(ctx, ds, types.DatastoreSummaryMaintenanceModeStateEnteringMaintenance)
	task := m.inventory.jobs.run(ctx, ds, "EnterMaintenanceMode_Task", func(w *job) (types.AnyType, types.BaseMethodFault) {
		return nil, waitUntil(0, func() (done bool, fault types.BaseMethodFault) {
			w.ctx.WithLock(ds, func() { done, fault = m.emptied(w, ds) })
			return done, fault
		})
	})
	body.Res = &types.DatastoreEnterMaintenanceModeResponse{Returnval: types.StoragePlacementResult{Task: &task}}
	return body
}

// emptied ends the waiting when the last VM has left, or somebody thought better of it.
func (m *datastoreMethods) emptied(w *job, ds *simulator.Datastore) (bool, types.BaseMethodFault) {
	switch {
	case w.isCancelled():
		m.setMaintenance(w.ctx, ds, types.DatastoreSummaryMaintenanceModeStateNormal)
		return true, &types.RequestCanceled{}
	case ds.Summary.MaintenanceMode != string(types.DatastoreSummaryMaintenanceModeStateEnteringMaintenance):
		return true, &types.RequestCanceled{}
	case len(ds.Vm) > 0:
		return false, nil
	}
	m.setMaintenance(w.ctx, ds, types.DatastoreSummaryMaintenanceModeStateInMaintenance)
	return true, nil
}

// DatastoreExitMaintenanceModeTask lets VMs in again, or stops the waiting for them to leave.
func (m *datastoreMethods) DatastoreExitMaintenanceModeTask(
	ctx *simulator.Context, req *types.DatastoreExitMaintenanceMode_Task,
) soap.HasFault {
	ds := get[*simulator.Datastore](ctx.Map, req.This)
	body := &methods.DatastoreExitMaintenanceMode_TaskBody{}
	normal := types.DatastoreSummaryMaintenanceModeStateNormal
	if ds.Summary.MaintenanceMode == string(normal) {
		body.Fault_ = refusal(&types.InvalidState{})
		return body
	}
	task := run(ctx, ds, "ExitMaintenanceMode_Task", func() (types.AnyType, types.BaseMethodFault) {
		m.setMaintenance(ctx, ds, normal)
		return nil, nil
	})
	body.Res = &types.DatastoreExitMaintenanceMode_TaskResponse{Returnval: task}
	return body
}

func (m *datastoreMethods) setMaintenance(
	ctx *simulator.Context, ds *simulator.Datastore, state types.DatastoreSummaryMaintenanceModeState,
) {
	ctx.WithLock(ds, func() { set(ctx, ds, map[string]types.AnyType{"summary.maintenanceMode": string(state)}) })
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

// setAccessible says whether any connected host reaches the datastore.
func (i *inventory) setAccessible(ctx *simulator.Context, ds *simulator.Datastore) {
	accessible := slices.ContainsFunc(ds.Host, func(mount types.DatastoreHostMount) bool {
		host := get[*simulator.HostSystem](ctx.Map, mount.Key)
		return host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected &&
			isTrue(mount.MountInfo.Mounted) && isTrue(mount.MountInfo.Accessible)
	})
	ctx.WithLock(ds, func() { set(ctx, ds, map[string]types.AnyType{"summary.accessible": accessible}) })
}

func isTrue(b *bool) bool { return b != nil && *b }
