package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) disk(name string, diskType types.VirtualDiskType, bytes int64) *object.VirtualDiskManager {
	l.Helper()
	manager := object.NewVirtualDiskManager(l.client)
	l.done(manager.CreateVirtualDisk(l.ctx, name, l.dc, &types.FileBackedVirtualDiskSpec{
		VirtualDiskSpec: types.VirtualDiskSpec{DiskType: string(diskType), AdapterType: "lsiLogic"},
		CapacityKb:      bytes >> 10,
	}))
	return manager
}

func TestCopyVirtualDiskStaysInTheSourcesDatacenter(t *testing.T) {
	l := newLab(t)
	manager := l.disk("[shared1] a.vmdk", types.VirtualDiskTypeThin, gb)
	l.done(manager.CopyVirtualDisk(l.ctx, "[shared1] a.vmdk", l.dc, "[shared2] b.vmdk", nil, nil, false))
	descriptor, err := readDescriptor(filepath.Join(l.vc.inventory.dir, "shared2", "b.vmdk"))
	l.must(err)
	if descriptor.Capacity() != gb {
		t.Errorf("capacity %d", descriptor.Capacity())
	}
	task, err := manager.CopyVirtualDisk(l.ctx, "[shared1] a.vmdk", l.dc, "[shared2] b.vmdk", nil, nil, false)
	l.failed(task, err, &types.FileAlreadyExists{})
	task, err = manager.CopyVirtualDisk(l.ctx, "[shared1] none.vmdk", l.dc, "[shared2] c.vmdk", nil, nil, false)
	l.failed(task, err, &types.FileNotFound{})
	l.done(manager.MoveVirtualDisk(l.ctx, "[shared2] b.vmdk", l.dc, "[shared2] moved.vmdk", nil, false))
}

func TestCopyVirtualDiskReadsAnUploadedImage(t *testing.T) {
	l := newLab(t)
	header := make([]byte, 512)
	copy(header, "KDMV")
	binary.LittleEndian.PutUint64(header[12:], uint64(gb/512))
	l.must(os.WriteFile(filepath.Join(l.vc.inventory.dir, "shared1", "image.vmdk"), header, 0o600))
	manager := object.NewVirtualDiskManager(l.client)
	l.done(manager.CopyVirtualDisk(l.ctx, "[shared1] image.vmdk", l.dc, "[shared1] disk.vmdk", nil, nil, false))
	descriptor, err := readDescriptor(filepath.Join(l.vc.inventory.dir, "shared1", "disk.vmdk"))
	l.must(err)
	if descriptor.Capacity() != gb {
		t.Errorf("capacity %d", descriptor.Capacity())
	}
}

func TestFaultsNameFilesAsClientsKnowThem(t *testing.T) {
	l := newLab(t)
	task, err := object.NewVirtualDiskManager(l.client).DeleteVirtualDisk(l.ctx, "[shared1] none.vmdk", l.dc)
	l.must(err)
	_, err = task.WaitForResult(l.ctx)
	l.refused(err, &types.FileNotFound{})
	if !strings.Contains(err.Error(), "[shared1] none") {
		t.Error(err)
	}
}

func TestThickDisksTakeTheirCapacity(t *testing.T) {
	l := newLab(t)
	before := l.summary("shared1").FreeSpace
	manager := l.disk("[shared1] thick.vmdk", types.VirtualDiskTypePreallocated, 10*gb)
	if taken := before - l.summary("shared1").FreeSpace; taken < 10*gb {
		t.Errorf("took %d", taken)
	}
	l.done(manager.ExtendVirtualDisk(l.ctx, "[shared1] thick.vmdk", l.dc, 20*gb>>10, nil))
	if taken := before - l.summary("shared1").FreeSpace; taken < 20*gb {
		t.Errorf("took %d when extended", taken)
	}
	l.done(manager.DeleteVirtualDisk(l.ctx, "[shared1] thick.vmdk", l.dc))
	if after := l.summary("shared1").FreeSpace; after != before {
		t.Errorf("%d free, %d before", after, before)
	}
}

func TestAttachedDisksHaveTheirFilesCapacity(t *testing.T) {
	l := newLab(t)
	manager := l.disk("[shared1] a.vmdk", types.VirtualDiskTypeThin, 3*gb)
	spec := vmSpec("vm", "shared1", 0, true, "")
	disk := spec.DeviceChange[1].GetVirtualDeviceConfigSpec()
	disk.FileOperation = ""
	disk.Device.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName = "[shared1] a.vmdk"
	vm := l.create("cluster1", nil, spec)
	capacity := func() int64 {
		devices, err := vm.Device(l.ctx)
		l.must(err)
		return devices.SelectByType((*types.VirtualDisk)(nil))[0].(*types.VirtualDisk).CapacityInBytes
	}
	if got := capacity(); got != 3*gb {
		t.Errorf("%d when attached", got)
	}
	l.done(manager.ExtendVirtualDisk(l.ctx, "[shared1] a.vmdk", l.dc, 5*gb>>10, nil))
	if got := capacity(); got != 5*gb {
		t.Errorf("%d when extended", got)
	}
}
