package main

import (
	"path"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func TestADiskOfARunningVMIsLocked(t *testing.T) {
	l := newLab(t)
	one := l.create("cluster1", nil, vmSpec("one", "shared1", gb, true, ""))
	two := l.create("cluster1", nil, vmSpec("two", "shared1", gb, true, ""))
	file := l.attached(one).Backing.(*types.VirtualDiskFlatVer2BackingInfo).FileName
	l.attach(two, file) // as long as none of them runs
	l.done(one.PowerOn(l.ctx))

	disks, files := object.NewVirtualDiskManager(l.client), object.NewFileManager(l.client)
	for what, start := range map[string]func() (*object.Task, error){
		"power on":      func() (*object.Task, error) { return two.PowerOn(l.ctx) },
		"destroy":       func() (*object.Task, error) { return two.Destroy(l.ctx) },
		"delete disk":   func() (*object.Task, error) { return disks.DeleteVirtualDisk(l.ctx, file, l.dc) },
		"delete folder": func() (*object.Task, error) { return files.DeleteDatastoreFile(l.ctx, path.Dir(file), l.dc) },
		"extend":        func() (*object.Task, error) { return disks.ExtendVirtualDisk(l.ctx, file, l.dc, 2*gb>>10, nil) },
		"move": func() (*object.Task, error) {
			return disks.MoveVirtualDisk(l.ctx, file, l.dc, "[shared1] moved.vmdk", nil, false)
		},
	} {
		t.Log(what)
		task, err := start()
		l.failed(task, err, &types.FileLocked{})
	}

	l.must(two.RemoveDevice(l.ctx, true, l.attached(two)))
	l.done(two.PowerOn(l.ctx))
	devices, err := two.Device(l.ctx)
	l.must(err)
	controller, err := devices.FindDiskController("")
	l.must(err)
	l.refused(two.AddDevice(l.ctx, devices.CreateDisk(controller, types.ManagedObjectReference{}, file)), &types.FileLocked{})

	l.done(one.PowerOff(l.ctx))
	l.attach(two, file)
}
