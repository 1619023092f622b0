package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vmdk"
)

// A disk is two files, as on VMFS: a descriptor with the capacity, and the extent, whose length is what the
// disk takes from the datastore: all of its capacity if thick. The extent is sparse on the machine that the
// simulator runs on: what a guest would have written is not simulated.

// extentOf names the file with the data of a descriptor. That of a delta disk is space-efficient, as on VMFS 6.
func extentOf(descriptor string) string {
	if delta := deltaExtent(descriptor); fileExists(delta) {
		return delta
	}
	return simulator.VirtualDiskBackingFileName(descriptor)
}

func deltaExtent(descriptor string) string {
	return strings.TrimSuffix(descriptor, ".vmdk") + "-sesparse.vmdk"
}

// isExtent tells a file with data from one that describes a disk.
func isExtent(file string) bool {
	return strings.HasSuffix(file, "-flat.vmdk") || strings.HasSuffix(file, "-sesparse.vmdk")
}

func fileExists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func readDescriptor(file string) (*vmdk.Descriptor, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return vmdk.ParseDescriptor(f)
}

func isThin(diskType string) bool { return diskType == string(types.VirtualDiskTypeThin) }

// sparseCapacity reads the header of a VMDK in one file, as images come in; 0 if it is none.
// Virtual Disk Format 5.0: little-endian magic "KDMV", version, flags, capacity in sectors.
func sparseCapacity(file string) int64 {
	f, err := os.Open(file)
	if err != nil {
		return 0
	}
	defer f.Close()
	header := make([]byte, 20)
	if _, err := f.ReadAt(header, 0); err != nil || !bytes.HasPrefix(header, []byte("KDMV")) {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(header[12:])) * vmdk.SectorSize
}

type diskMethods struct {
	methodSet
	inventory *inventory
}

func (m *diskMethods) manager(ctx *simulator.Context) *simulator.VirtualDiskManager {
	return ctx.Map.VirtualDiskManager().(*simulator.VirtualDiskManager)
}

// CreateVirtualDiskTask takes a thick disk's space at once.
func (m *diskMethods) CreateVirtualDiskTask(ctx *simulator.Context, req *types.CreateVirtualDisk_Task) soap.HasFault {
	manager := m.manager(ctx)
	task := run(ctx, manager, "CreateVirtualDisk_Task", func() (types.AnyType, types.BaseMethodFault) {
		spec, ok := req.Spec.(types.BaseFileBackedVirtualDiskSpec)
		if !ok {
			return nil, &types.InvalidArgument{InvalidProperty: "spec"}
		}
		length := spec.GetFileBackedVirtualDiskSpec().CapacityKb << 10
		if isThin(spec.GetFileBackedVirtualDiskSpec().DiskType) {
			length = 0
		}
		ds, file, fault := m.inventory.room(req.Name, length)
		if fault != nil {
			return nil, fault
		}
		body := manager.CreateVirtualDiskTask(ctx, req).(*methods.CreateVirtualDisk_TaskBody)
		result, fault := wait(ctx, body.Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		return result, m.inventory.allocate(ds, file, length)
	})
	return &methods.CreateVirtualDisk_TaskBody{Res: &types.CreateVirtualDisk_TaskResponse{Returnval: task}}
}

// ExtendVirtualDiskTask lets a thick disk grow on the datastore too.
func (m *diskMethods) ExtendVirtualDiskTask(ctx *simulator.Context, req *types.ExtendVirtualDisk_Task) soap.HasFault {
	manager := m.manager(ctx)
	task := run(ctx, manager, "ExtendVirtualDisk_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.locked(types.ManagedObjectReference{}, is(req.Name)); fault != nil {
			return nil, fault
		}
		_, file, fault := m.inventory.resolve(req.Name)
		if fault != nil {
			return nil, fault
		}
		descriptor, err := readDescriptor(file)
		if err != nil {
			return nil, fileNotFound(req.Name)
		}
		length, thick := extentLength(file), isThick(file, descriptor)
		if thick {
			length = req.NewCapacityKb << 10
		}
		ds, _, fault := m.inventory.room(req.Name, length-extentLength(file))
		if fault != nil {
			return nil, fault
		}
		body := manager.ExtendVirtualDiskTask(ctx, req).(*methods.ExtendVirtualDisk_TaskBody)
		result, fault := wait(ctx, body.Res.Returnval)
		if fault != nil {
			return nil, fault
		}
		m.inventory.extended(ctx, req.Name, req.NewCapacityKb)
		return result, m.inventory.allocate(ds, file, length)
	})
	return &methods.ExtendVirtualDisk_TaskBody{Res: &types.ExtendVirtualDisk_TaskResponse{Returnval: task}}
}

// extended shows the new capacity on the VM that has the disk.
func (i *inventory) extended(ctx *simulator.Context, name string, capacityKB int64) {
	for _, ref := range i.sharing.users(is(name)) {
		vm, there := ctx.Map.Get(ref).(*simulator.VirtualMachine)
		if !there {
			continue
		}
		ctx.WithLock(vm, func() {
			for _, device := range vm.Config.Hardware.Device {
				disk, isDisk := device.(*types.VirtualDisk)
				if !isDisk {
					continue
				}
				backing, inFile := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
				if inFile && backing.GetVirtualDeviceFileBackingInfo().FileName == name {
					disk.CapacityInKB, disk.CapacityInBytes = capacityKB, capacityKB<<10
					set(ctx, vm, map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device})
				}
			}
		})
	}
}

// CopyVirtualDiskTask copies within the source's datacenter if no other is named, and reads the one-file
// format of images. govmomi would copy the extent byte by byte, all its zeros.
func (m *diskMethods) CopyVirtualDiskTask(ctx *simulator.Context, req *types.CopyVirtualDisk_Task) soap.HasFault {
	manager := m.manager(ctx)
	task := run(ctx, manager, "CopyVirtualDisk_Task", func() (types.AnyType, types.BaseMethodFault) {
		return req.DestName, m.copy(req)
	})
	return &methods.CopyVirtualDisk_TaskBody{Res: &types.CopyVirtualDisk_TaskResponse{Returnval: task}}
}

func (m *diskMethods) copy(req *types.CopyVirtualDisk_Task) types.BaseMethodFault {
	if req.SourceDatacenter == nil {
		return &types.InvalidArgument{InvalidProperty: "sourceDatacenter"}
	}
	_, source, fault := m.inventory.resolve(req.SourceName)
	if fault != nil {
		return fault
	}
	capacity, length := sparseCapacity(source), extentLength(source)
	content := ""
	if capacity > 0 {
		length, content = fileLength(source), m.inventory.contents.keepFile(source)
	} else if descriptor, err := readDescriptor(source); err == nil {
		capacity, content = descriptor.Capacity(), descriptor.DDB[contentKey]
	} else {
		return fileNotFound(req.SourceName)
	}
	if spec, ok := req.DestSpec.(types.BaseVirtualDiskSpec); ok {
		if kind := spec.GetVirtualDiskSpec().DiskType; kind != "" && !isThin(kind) {
			length = capacity
		}
	}
	ds, dest, fault := m.inventory.room(req.DestName, length)
	if fault != nil {
		return fault
	}
	if _, err := os.Stat(dest); err == nil && !isTrue(req.Force) {
		return &types.FileAlreadyExists{FileFault: types.FileFault{File: req.DestName}}
	}
	if err := writeDescriptor(dest, capacity, content); err != nil {
		return fileNotFound(req.DestName)
	}
	return m.inventory.allocate(ds, dest, length)
}

// writeDescriptor describes a disk with that content; "" if it is empty.
func writeDescriptor(file string, capacity int64, content string) error {
	descriptor := vmdk.NewDescriptor(vmdk.Extent{
		Size: capacity / vmdk.SectorSize, Info: filepath.Base(extentOf(file)),
	})
	if content != "" {
		descriptor.DDB[contentKey] = content
	}
	return storeDescriptor(file, descriptor)
}

// MoveVirtualDiskTask moves within the source's datacenter if no other is named.
func (m *diskMethods) MoveVirtualDiskTask(ctx *simulator.Context, req *types.MoveVirtualDisk_Task) soap.HasFault {
	if req.DestDatacenter == nil {
		req.DestDatacenter = req.SourceDatacenter
	}
	manager := m.manager(ctx)
	task := run(ctx, manager, "MoveVirtualDisk_Task", func() (types.AnyType, types.BaseMethodFault) {
		if fault := m.inventory.locked(types.ManagedObjectReference{}, is(req.SourceName)); fault != nil {
			return nil, fault
		}
		m.carryUUID(ctx, req.SourceName, req.SourceDatacenter)
		return wait(ctx, manager.MoveVirtualDiskTask(ctx, req).(*methods.MoveVirtualDisk_TaskBody).Res.Returnval)
	})
	return &methods.MoveVirtualDisk_TaskBody{Res: &types.MoveVirtualDisk_TaskResponse{Returnval: task}}
}

func fileNotFound(name string) types.BaseMethodFault {
	return &types.FileNotFound{FileFault: types.FileFault{File: name}}
}

func fileLength(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return 0
	}
	return info.Size()
}

func extentLength(descriptor string) int64 { return fileLength(extentOf(descriptor)) }

func isThick(file string, descriptor *vmdk.Descriptor) bool {
	return extentLength(file) >= descriptor.Capacity() && descriptor.Capacity() > 0
}

// room resolves a path and refuses when the datastore cannot hold that many bytes more.
func (i *inventory) room(path string, bytes int64) (*simulator.Datastore, string, types.BaseMethodFault) {
	ds, file, fault := i.resolve(path)
	if fault != nil {
		return nil, "", fault
	}
	if !ds.Summary.Accessible {
		return nil, "", &types.InaccessibleDatastore{InvalidDatastore: types.InvalidDatastore{Datastore: &ds.Self, Name: ds.Name}}
	}
	if bytes > 0 && bytes > ds.Summary.Capacity-usedBytes(ds) {
		return nil, "", &types.NoDiskSpace{FileFault: types.FileFault{File: path}, Datastore: ds.Name}
	}
	return ds, file, nil
}

// allocate gives a disk's extent its length.
func (i *inventory) allocate(ds *simulator.Datastore, descriptor string, length int64) types.BaseMethodFault {
	if err := resize(extentOf(descriptor), length); err != nil {
		return &types.CannotCreateFile{FileFault: types.FileFault{File: strings.TrimPrefix(descriptor, ds.Summary.Url)}}
	}
	return nil
}

// allocateNew does it for the disks of a VM: thick ones take their capacity.
func (i *inventory) allocateNew(vm *simulator.VirtualMachine) {
	for _, device := range vm.Config.Hardware.Device {
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk {
			continue
		}
		backing, isFlat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !isFlat || isTrue(backing.ThinProvisioned) || backing.Parent != nil {
			continue
		}
		if ds, file, fault := i.resolve(backing.FileName); fault == nil && extentLength(file) < disk.CapacityInBytes {
			_ = i.allocate(ds, file, disk.CapacityInBytes)
		}
	}
}

// readCapacities takes the capacity of a disk that is there already from its file: a client need not know it.
func (i *inventory) readCapacities(changes []types.BaseVirtualDeviceConfigSpec) {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, isDisk := spec.Device.(*types.VirtualDisk)
		if !isDisk || spec.Operation != types.VirtualDeviceConfigSpecOperationAdd || spec.FileOperation != "" {
			continue
		}
		backing, inFile := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo)
		if !inFile {
			continue
		}
		if _, file, fault := i.resolve(backing.GetVirtualDeviceFileBackingInfo().FileName); fault == nil {
			if descriptor, err := readDescriptor(file); err == nil {
				disk.CapacityInBytes, disk.CapacityInKB = descriptor.Capacity(), descriptor.Capacity()>>10
			}
		}
	}
}

// checkSpace refuses new thick disks that the datastores cannot hold; a thin one grows later.
func (i *inventory) checkSpace(changes []types.BaseVirtualDeviceConfigSpec, vmPathName string) types.BaseMethodFault {
	wanted := map[string]int64{}
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		disk, isDisk := spec.Device.(*types.VirtualDisk)
		if !isDisk || spec.FileOperation != types.VirtualDeviceConfigSpecFileOperationCreate {
			continue
		}
		backing, isFlat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !isFlat || isTrue(backing.ThinProvisioned) || backing.Parent != nil {
			continue
		}
		path := backing.FileName
		if path == "" {
			path = vmPathName
		}
		ds, _, fault := i.resolve(path)
		if fault != nil {
			return fault
		}
		wanted[ds.Name] += max(disk.CapacityInBytes, disk.CapacityInKB<<10)
		if _, _, fault := i.room(path, wanted[ds.Name]); fault != nil {
			return fault
		}
	}
	return nil
}
