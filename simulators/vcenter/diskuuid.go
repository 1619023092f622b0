package main

import (
	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// uuidKey is where a descriptor keeps the UUID of its disk, which is the same on every VM that has the disk.
// A disk that was given none has the one that govmomi makes of its first path.
const uuidKey = "uuid" // ddb.uuid

func uuidOf(file string) string {
	descriptor, err := readDescriptor(file)
	if err != nil {
		return ""
	}
	return descriptor.DDB[uuidKey]
}

// newDiskUUID makes one in the form that vSphere writes.
func newDiskUUID() string { return uuid.NewString() }

// keepUUID writes a disk's UUID into its descriptor.
func keepUUID(file, uuid string) {
	descriptor, err := readDescriptor(file)
	if err != nil || descriptor.DDB[uuidKey] == uuid {
		return
	}
	descriptor.DDB[uuidKey] = uuid
	_ = storeDescriptor(file, descriptor)
}

// readUUIDs gives disks that are attached the UUID of their file.
func (i *inventory) readUUIDs(changes []types.BaseVirtualDeviceConfigSpec) {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		backing, _ := spec.Device.GetVirtualDevice().Backing.(*flatBacking)
		if backing == nil || spec.Operation != types.VirtualDeviceConfigSpecOperationAdd || spec.FileOperation != "" {
			continue
		}
		if _, file, fault := i.resolve(backing.FileName); fault == nil {
			if uuid := uuidOf(file); uuid != "" {
				backing.Uuid = uuid
			}
		}
	}
}

// keepUUIDs lets the files have the UUIDs of disks that are changed or detached.
func (i *inventory) keepUUIDs(changes []types.BaseVirtualDeviceConfigSpec) {
	for _, change := range changes {
		spec := change.GetVirtualDeviceConfigSpec()
		backing, _ := spec.Device.GetVirtualDevice().Backing.(*flatBacking)
		if backing == nil || backing.Uuid == "" || spec.Operation == types.VirtualDeviceConfigSpecOperationAdd {
			continue
		}
		_, file, fault := i.resolve(backing.FileName)
		given := spec.Operation == types.VirtualDeviceConfigSpecOperationEdit
		if fault == nil && (given || uuidOf(file) == "") { // another VM may have given it a new one
			keepUUID(file, backing.Uuid)
		}
	}
}

// QueryVirtualDiskUuid answers with the UUID that the disk was given, wherever it is now.
func (m *diskMethods) QueryVirtualDiskUuid(ctx *simulator.Context, req *types.QueryVirtualDiskUuid) soap.HasFault {
	body := m.manager(ctx).QueryVirtualDiskUuid(ctx, req).(*methods.QueryVirtualDiskUuidBody)
	if _, file, fault := m.inventory.resolve(req.Name); fault == nil && body.Res != nil {
		if uuid := uuidOf(file); uuid != "" {
			body.Res.Returnval = uuid
		}
	}
	return body
}

// SetVirtualDiskUuid keeps it with the disk.
func (m *diskMethods) SetVirtualDiskUuid(ctx *simulator.Context, req *types.SetVirtualDiskUuid) soap.HasFault {
	_, file, fault := m.inventory.resolve(req.Name)
	if fault == nil && fileLength(file) == 0 {
		fault = fileNotFound(req.Name)
	}
	if fault != nil {
		return &methods.SetVirtualDiskUuidBody{Fault_: simulator.Fault("", fault)}
	}
	keepUUID(file, req.Uuid)
	return &methods.SetVirtualDiskUuidBody{Res: &types.SetVirtualDiskUuidResponse{}}
}

// carryUUID lets a disk that is about to move keep its UUID.
func (m *diskMethods) carryUUID(ctx *simulator.Context, name string, dc *types.ManagedObjectReference) {
	query := &types.QueryVirtualDiskUuid{Name: name, Datacenter: dc}
	body := m.QueryVirtualDiskUuid(ctx, query).(*methods.QueryVirtualDiskUuidBody)
	if _, file, fault := m.inventory.resolve(name); fault == nil && body.Res != nil {
		keepUUID(file, body.Res.Returnval)
	}
}
