package main

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/vmware/govmomi/nfc"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) lease(ref types.ManagedObjectReference) (*nfc.Lease, *nfc.LeaseInfo) {
	l.Helper()
	lease := nfc.NewLease(l.client, ref)
	info, err := lease.Wait(l.ctx, nil)
	l.must(err)
	return lease, info
}

func (l *lab) importLease(name string) (*nfc.Lease, *nfc.LeaseInfo) {
	l.Helper()
	pool, err := l.cluster("cluster1").ResourcePool(l.ctx)
	l.must(err)
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	spec := &types.VirtualMachineImportSpec{ConfigSpec: vmSpec(name, "shared1", 1<<10, true, "")}
	lease, err := pool.ImportVApp(l.ctx, spec, folders.VmFolder, nil)
	l.must(err)
	return l.lease(lease.Reference())
}

// put uploads, without a session and without waiting for the answer to matter.
func (l *lab) put(url string, image []byte) int {
	l.Helper()
	req, err := http.NewRequest(http.MethodPut, url, bytes.NewReader(image))
	l.must(err)
	res, err := l.http.Do(req)
	l.must(err)
	l.must(res.Body.Close())
	return res.StatusCode
}

func (l *lab) get(url string) (int, []byte) {
	l.Helper()
	res, err := l.http.Get(url)
	l.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	l.must(err)
	return res.StatusCode, body
}

// imported is a VM from an image.
func (l *lab) imported(name string, image []byte) *object.VirtualMachine {
	l.Helper()
	lease, info := l.importLease(name)
	if code := l.put(info.Items[0].URL.String(), image); code != http.StatusOK {
		l.Fatalf("PUT: %d", code)
	}
	l.must(lease.Complete(l.ctx))
	return object.NewVirtualMachine(l.client, info.Entity)
}

func (l *lab) firstDisk(vm *object.VirtualMachine) *types.VirtualDisk {
	l.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	return devices.SelectByType((*types.VirtualDisk)(nil))[0].(*types.VirtualDisk)
}

// exported is what a client gets of a VM's first disk.
func (l *lab) exported(vm *object.VirtualMachine) []byte {
	l.Helper()
	lease, err := vm.Export(l.ctx)
	l.must(err)
	_, info := l.lease(lease.Reference())
	code, image := l.get(info.Items[0].URL.String())
	if code != http.StatusOK {
		l.Fatalf("GET: %d", code)
	}
	l.must(lease.Complete(l.ctx))
	if code, _ := l.get(info.Items[0].URL.String()); code != http.StatusNotFound {
		l.Errorf("GET after the end of the lease: %d", code)
	}
	return image
}

func TestAnImportedDiskIsWhatWasUploaded(t *testing.T) {
	l := newLab(t)
	before := l.summary("shared1").FreeSpace
	image := stream(t, 3*gb, packed(t, 7, 'x'))
	vm := l.imported("vm", image)
	if got := l.firstDisk(vm).CapacityInBytes; got != 3*gb {
		t.Errorf("capacity %d", got)
	}
	if taken := before - l.summary("shared1").FreeSpace; taken < int64(len(image)) || taken > 2*int64(len(image)) {
		t.Errorf("an image of %d bytes took %d", len(image), taken)
	}
	_, grains := unpack(t, l.exported(vm))
	if len(grains) != 1 || !bytes.Equal(grains[0].data, packed(t, 7, 'x').data) {
		t.Errorf("%d grains", len(grains))
	}
}

func TestCopiedAndExtendedDisksKeepTheirContent(t *testing.T) {
	l := newLab(t)
	source := l.firstDisk(l.imported("vm", stream(t, gb, packed(t, 7, 'x')))).Backing
	name := source.(*types.VirtualDiskFlatVer2BackingInfo).FileName
	manager := object.NewVirtualDiskManager(l.client)
	l.done(manager.CopyVirtualDisk(l.ctx, name, l.dc, "[shared2] copy.vmdk", nil, nil, false))
	l.done(manager.ExtendVirtualDisk(l.ctx, "[shared2] copy.vmdk", l.dc, 5*gb>>10, nil))
	l.done(manager.MoveVirtualDisk(l.ctx, "[shared2] copy.vmdk", l.dc, "[shared2] moved.vmdk", nil, false))
	spec := vmSpec("second", "shared2", 0, true, "")
	disk := spec.DeviceChange[1].GetVirtualDeviceConfigSpec()
	disk.FileOperation = ""
	disk.Device.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName = "[shared2] moved.vmdk"
	capacity, grains := unpack(t, l.exported(l.create("cluster1", nil, spec)))
	if capacity != 5*gb || len(grains) != 1 {
		t.Errorf("%d bytes, %d grains", capacity, len(grains))
	}
}

func TestALinkedCloneTakesLittleSpaceAndHasItsParentsContent(t *testing.T) {
	l := newLab(t)
	vm := l.imported("vm", stream(t, gb, packed(t, 7, 'x')))
	l.done(l.powerOn(vm, nil))
	_, err := vm.Export(l.ctx)
	l.refused(err, &types.InvalidPowerState{})
	free := l.summary("shared1").FreeSpace
	snapshot := l.done(vm.CreateSnapshot(l.ctx, "snap", "", false, true)).Result.(types.ManagedObjectReference)
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	spec := types.VirtualMachineCloneSpec{Snapshot: &snapshot, Template: true}
	spec.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	before := l.summary("shared1").FreeSpace
	info := l.done(vm.Clone(l.ctx, folders.VmFolder, "template", spec))
	template := object.NewVirtualMachine(l.client, info.Result.(types.ManagedObjectReference))
	if taken := before - l.summary("shared1").FreeSpace; taken > deltaBytes+1<<20 {
		t.Errorf("took %d", taken)
	}
	if _, grains := unpack(t, l.exported(template)); len(grains) != 1 {
		t.Errorf("%d grains", len(grains))
	}
	l.done(template.Destroy(l.ctx))
	l.done(vm.RemoveSnapshot(l.ctx, snapshot.Value, false, nil))
	if after := l.summary("shared1").FreeSpace; after > free || after < free-1<<10 {
		t.Errorf("%d free before, %d after", free, after)
	}
}

func TestASnapshotOfARunningVMIsExported(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", 2*gb, false, ""))
	l.done(l.powerOn(vm, nil))
	snapshot := l.done(vm.CreateSnapshot(l.ctx, "snap", "", false, true)).Result.(types.ManagedObjectReference)
	res, err := methods.ExportSnapshot(l.ctx, l.client, &types.ExportSnapshot{This: snapshot})
	l.must(err)
	lease, info := l.lease(res.Returnval)
	_, image := l.get(info.Items[0].URL.String())
	if capacity, _ := unpack(t, image); capacity != 2*gb {
		t.Errorf("capacity %d", capacity)
	}
	if info.TotalDiskCapacityInKB != 2*gb>>10 {
		t.Errorf("lease: %d KB", info.TotalDiskCapacityInKB)
	}
	l.must(lease.Abort(l.ctx, nil))
}

func TestAnAbortedImportLeavesNothing(t *testing.T) {
	l := newLab(t)
	before := l.summary("shared1").FreeSpace
	lease, _ := l.importLease("vm")
	l.must(lease.Abort(l.ctx, nil))
	if _, err := l.find.VirtualMachine(l.ctx, "vm"); err == nil {
		t.Error("the VM is still there")
	}
	if after := l.summary("shared1").FreeSpace; after != before {
		t.Errorf("%d free before, %d after", before, after)
	}
}

func TestOnlyStreamsAreImported(t *testing.T) {
	l := newLab(t)
	lease, info := l.importLease("vm")
	if code := l.put(info.Items[0].URL.String(), []byte("no disk")); code != http.StatusInternalServerError {
		t.Errorf("PUT: %d", code)
	}
	l.must(lease.Complete(l.ctx))
	if code := l.put(info.Items[0].URL.String(), stream(t, gb)); code != http.StatusNotFound {
		t.Errorf("PUT after the end of the lease: %d", code)
	}
	guess := l.client.URL()
	guess.Path = "/nfc/" + lease.Reference().Value + "/disk-0.vmdk"
	if code, _ := l.get(guess.String()); code != http.StatusNotFound {
		t.Errorf("GET without a ticket: %d", code)
	}
}
