package main

import (
	"os"
	"path"
	"slices"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// fileTypes are those of a VM's own files, by extension.
var fileTypes = map[string]types.VirtualMachineFileLayoutExFileType{
	".vmx":   types.VirtualMachineFileLayoutExFileTypeConfig,
	".vmxf":  types.VirtualMachineFileLayoutExFileTypeExtendedConfig,
	".nvram": types.VirtualMachineFileLayoutExFileTypeNvram,
	".log":   types.VirtualMachineFileLayoutExFileTypeLog,
	".vmsd":  types.VirtualMachineFileLayoutExFileTypeSnapshotList,
	".vmsn":  types.VirtualMachineFileLayoutExFileTypeSnapshotData,
	".vmem":  types.VirtualMachineFileLayoutExFileTypeSnapshotMemory,
	".vmss":  types.VirtualMachineFileLayoutExFileTypeSuspend,
}

// layout collects what a VM's files are.
type layout struct {
	inventory *inventory
	vm        *simulator.VirtualMachine
	before    map[string]int32 // keys by name
	next      int32
	files     []types.VirtualMachineFileLayoutExFileInfo
	keys      map[string]int32
}

// layOut makes what a VM says of its files, its storage and its datastores follow the files.
func (i *inventory) layOut(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	l := &layout{inventory: i, vm: vm, before: map[string]int32{}, keys: map[string]int32{}}
	if vm.LayoutEx != nil {
		for _, file := range vm.LayoutEx.File {
			l.before[file.Name] = file.Key
			l.next = max(l.next, file.Key+1)
		}
	}
	l.addHome()
	old, now := l.disks(vm.Config)
	info := &types.VirtualMachineFileLayoutEx{Disk: now, Timestamp: time.Now()}
	shape := &types.VirtualMachineFileLayout{Disk: old}
	if vm.Snapshot != nil {
		for _, tree := range flatten(vm.Snapshot.RootSnapshotList) {
			data, memory := l.snapshotFiles(tree.Id)
			_, disks := l.disks(&get[*simulator.VirtualMachineSnapshot](ctx.Map, tree.Snapshot).Config)
			info.Snapshot = append(info.Snapshot, types.VirtualMachineFileLayoutExSnapshotLayout{
				Key: tree.Snapshot, DataKey: data, MemoryKey: memory, Disk: disks,
			})
		}
	}
	info.File = l.files
	for _, file := range l.files {
		if file.Type == string(types.VirtualMachineFileLayoutExFileTypeLog) {
			shape.LogFile = append(shape.LogFile, path.Base(file.Name))
		}
	}
	i.noteFiles(vm)
	storage, summary := l.storage()
	set(ctx, vm, map[string]types.AnyType{
		"layout": shape, "layoutEx": info, "storage": storage, "summary.storage": summary,
	})
	i.useDatastores(ctx, vm, storage)
}

// add notes a file, and gives its key.
func (l *layout) add(name string, kind types.VirtualMachineFileLayoutExFileType) int32 {
	if key, known := l.keys[name]; known {
		return key
	}
	key, known := l.before[name]
	if !known {
		key = l.next
		l.next++
	}
	l.keys[name] = key
	var size int64
	if _, file, fault := l.inventory.resolve(name); fault == nil {
		size = fileLength(file)
	}
	l.files = append(l.files, types.VirtualMachineFileLayoutExFileInfo{
		Key: key, Name: name, Type: string(kind), Size: size, UniqueSize: size, Accessible: types.NewBool(true),
	})
	return key
}

// addHome adds the files of the VM itself.
func (l *layout) addHome() {
	home := l.vm.Config.Files.VmPathName
	_, dir, fault := l.inventory.resolve(folderOf(home))
	if fault != nil {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if kind, own := fileTypes[path.Ext(entry.Name())]; own {
			l.add(sibling(home, entry.Name()), kind)
		}
	}
}

// disks lays out the disks of a configuration, in the old way and in the new one: from the base to the youngest.
func (l *layout) disks(config *types.VirtualMachineConfigInfo) (
	old []types.VirtualMachineFileLayoutDiskLayout, now []types.VirtualMachineFileLayoutExDiskLayout,
) {
	for _, device := range config.Hardware.Device {
		chain := chainOf(device)
		if len(chain) == 0 {
			continue
		}
		key := device.GetVirtualDevice().Key
		disk := types.VirtualMachineFileLayoutExDiskLayout{Key: key}
		for _, backing := range slices.Backward(chain) {
			unit := types.VirtualMachineFileLayoutExDiskUnit{FileKey: []int32{
				l.add(backing.FileName, types.VirtualMachineFileLayoutExFileTypeDiskDescriptor),
			}}
			if _, file, fault := l.inventory.resolve(backing.FileName); fault == nil {
				extent := sibling(backing.FileName, path.Base(extentOf(file)))
				unit.FileKey = append(unit.FileKey, l.add(extent, types.VirtualMachineFileLayoutExFileTypeDiskExtent))
			}
			disk.Chain = append(disk.Chain, unit)
		}
		now = append(now, disk)
		old = append(old, types.VirtualMachineFileLayoutDiskLayout{Key: key, DiskFile: []string{chain[0].FileName}})
	}
	return old, now
}

// storage adds up the files by datastore.
func (l *layout) storage() (*types.VirtualMachineStorageInfo, *types.VirtualMachineStorageSummary) {
	usage := map[types.ManagedObjectReference]*types.VirtualMachineUsageOnDatastore{}
	var order []types.ManagedObjectReference
	on := func(name string) *types.VirtualMachineUsageOnDatastore {
		ds, _, fault := l.inventory.resolve(name)
		if fault != nil {
			return &types.VirtualMachineUsageOnDatastore{}
		}
		if usage[ds.Self] == nil {
			usage[ds.Self] = &types.VirtualMachineUsageOnDatastore{Datastore: ds.Self}
			order = append(order, ds.Self)
		}
		return usage[ds.Self]
	}
	for _, file := range l.files {
		each := on(file.Name)
		each.Committed += file.Size
		if !l.inventory.sharing.byOthers(l.vm.Self, file.Name) {
			each.Unshared += file.Size
		}
	}
	for _, device := range l.vm.Config.Hardware.Device {
		if chain := chainOf(device); len(chain) > 0 {
			_, file, fault := l.inventory.resolve(chain[0].FileName)
			if disk, isDisk := device.(*types.VirtualDisk); isDisk && fault == nil {
				on(chain[0].FileName).Uncommitted += max(0, disk.CapacityInBytes-extentLength(file))
			}
		}
	}
	info := &types.VirtualMachineStorageInfo{Timestamp: time.Now()}
	sum := &types.VirtualMachineStorageSummary{Timestamp: info.Timestamp}
	for _, ref := range order {
		info.PerDatastoreUsage = append(info.PerDatastoreUsage, *usage[ref])
		sum.Committed += usage[ref].Committed
		sum.Uncommitted += usage[ref].Uncommitted
		sum.Unshared += usage[ref].Unshared
	}
	return info, sum
}

// useDatastores makes the VM's list of datastores, and theirs of VMs, say where its files are.
func (i *inventory) useDatastores(
	ctx *simulator.Context, vm *simulator.VirtualMachine, storage *types.VirtualMachineStorageInfo,
) {
	var used []types.ManagedObjectReference
	for _, usage := range storage.PerDatastoreUsage {
		used = append(used, usage.Datastore)
	}
	if !slices.Equal(used, vm.Datastore) {
		set(ctx, vm, map[string]types.AnyType{"datastore": used})
	}
	for _, ds := range i.datastores() {
		ctx.WithLock(ds, func() {
			if slices.Contains(used, ds.Self) {
				i.addReference(ctx, ds, "vm", ds.Vm, vm.Self)
			} else {
				i.removeReference(ctx, ds, "vm", ds.Vm, vm.Self)
			}
		})
	}
}

// RefreshStorageInfo reads the files again.
func (m *vmMethods) RefreshStorageInfo(ctx *simulator.Context, req *types.RefreshStorageInfo) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	ctx.WithLock(vm, func() { m.inventory.layOut(ctx, vm) })
	return &methods.RefreshStorageInfoBody{Res: &types.RefreshStorageInfoResponse{}}
}

// inFolder names a file in a folder.
func inFolder(folder, name string) string {
	var p object.DatastorePath
	p.FromString(folder)
	if p.Path = path.Join(p.Path, name); p.Path == "." {
		p.Path = ""
	}
	return p.String()
}

// folderOf names the folder that a file is in.
func folderOf(file string) string { return inFolder(file, "..") }

// sibling names a file beside another.
func sibling(file, name string) string { return inFolder(folderOf(file), name) }
