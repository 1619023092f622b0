package main

import (
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) attached(vm *object.VirtualMachine) *types.VirtualDisk {
	l.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	disks := devices.SelectByType((*types.VirtualDisk)(nil))
	return disks[len(disks)-1].(*types.VirtualDisk)
}

func (l *lab) attach(vm *object.VirtualMachine, path string) *types.VirtualDisk {
	l.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	controller, err := devices.FindDiskController("")
	l.must(err)
	l.must(vm.AddDevice(l.ctx, devices.CreateDisk(controller, types.ManagedObjectReference{}, path)))
	return l.attached(vm)
}

func TestTheUUIDOfADiskIsThatOfItsFile(t *testing.T) {
	l := newLab(t)
	one := l.create("cluster1", nil, vmSpec("one", "shared1", gb, true, ""))
	two := l.create("cluster1", nil, vmSpec("two", "shared1", gb, true, ""))
	disk := l.attached(one)
	backing := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	same := l.attach(two, backing.FileName).Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if same.Uuid != backing.Uuid {
		t.Errorf("%s on one VM, %s on the other", backing.Uuid, same.Uuid)
	}
	backing.Uuid = "11111111-2222-4333-8444-555555555555"
	l.must(one.EditDevice(l.ctx, disk))
	l.must(one.RemoveDevice(l.ctx, true, disk))
	l.must(two.RemoveDevice(l.ctx, true, l.attached(two)))
	manager := object.NewVirtualDiskManager(l.client)
	l.done(manager.MoveVirtualDisk(l.ctx, backing.FileName, l.dc, "[shared2] moved.vmdk", nil, false))
	moved := l.attach(one, "[shared2] moved.vmdk").Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	if moved.Uuid != backing.Uuid {
		t.Errorf("%s after the move", moved.Uuid)
	}
	uuid, err := manager.QueryVirtualDiskUuid(l.ctx, "[shared2] moved.vmdk", l.dc)
	if l.must(err); uuid != backing.Uuid {
		t.Errorf("%s by name", uuid)
	}
}

func TestADiskThatMovesKeepsTheUUIDThatNobodyGaveIt(t *testing.T) {
	l := newLab(t)
	manager := l.disk("[shared1] a.vmdk", types.VirtualDiskTypeThin, gb)
	before, err := manager.QueryVirtualDiskUuid(l.ctx, "[shared1] a.vmdk", l.dc)
	l.must(err)
	l.done(manager.MoveVirtualDisk(l.ctx, "[shared1] a.vmdk", l.dc, "[shared2] b.vmdk", nil, false))
	after, err := manager.QueryVirtualDiskUuid(l.ctx, "[shared2] b.vmdk", l.dc)
	if l.must(err); after != before {
		t.Errorf("%s, before %s", after, before)
	}
	l.must(manager.SetVirtualDiskUuid(l.ctx, "[shared2] b.vmdk", l.dc, "11111111-2222-4333-8444-555555555555"))
	if uuid, _ := manager.QueryVirtualDiskUuid(l.ctx, "[shared2] b.vmdk", l.dc); uuid[0] != '1' {
		t.Errorf("set, and now %s", uuid)
	}
}
