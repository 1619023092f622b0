package main

import (
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// usage keeps the datastores' numbers true to their files. It hears when a task ends, which is when files
// have changed, and counts when somebody asks. What a failed task says of a file it puts in datastore terms.
type usage struct {
	mo.ExtensibleManagedObject
	inventory *inventory
	mutex     sync.Mutex
	stale     bool
}

var usageRef = types.ManagedObjectReference{Type: "DatastoreUsage", Value: "usage"}

// PutObject is of no interest.
func (*usage) PutObject(*simulator.Context, mo.Reference) {}

// RemoveObject is of no interest.
func (*usage) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}

// UpdateObject hears of every change, while the object is locked.
func (u *usage) UpdateObject(_ *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	task, isTask := o.(*mo.Task)
	if !isTask {
		return
	}
	if task.Info.Error != nil {
		u.inventory.datastorePath(task.Info.Error.Fault)
	}
	for _, change := range changes {
		if change.Name == "info.completeTime" {
			u.invalidate()
		}
	}
}

func (u *usage) invalidate() {
	u.mutex.Lock()
	u.stale = true
	u.mutex.Unlock()
}

// refresh counts again if files may have changed.
func (u *usage) refresh(ctx *simulator.Context) {
	u.mutex.Lock()
	stale := u.stale
	u.stale = false
	u.mutex.Unlock()
	if !stale {
		return
	}
	for _, ds := range u.inventory.datastores() {
		used, provisioned := count(ds)
		free, uncommitted := ds.Summary.Capacity-used, provisioned-used
		if free == ds.Summary.FreeSpace && uncommitted == ds.Summary.Uncommitted {
			continue
		}
		ctx.WithLock(ds, func() {
			ds.Info.GetDatastoreInfo().FreeSpace = free
			set(ctx, ds, map[string]types.AnyType{"summary.freeSpace": free, "summary.uncommitted": uncommitted})
		})
	}
}

func (i *inventory) datastores() []*simulator.Datastore {
	var all []*simulator.Datastore
	for _, ref := range i.folder(i.dc.DatastoreFolder).ChildEntity {
		all = append(all, get[*simulator.Datastore](i.registry(), ref))
	}
	return all
}

func usedBytes(ds *simulator.Datastore) int64 {
	used, _ := count(ds)
	return used
}

// count adds up what the files take, and what they will when all thin disks are full.
func count(ds *simulator.Datastore) (used, provisioned int64) {
	_ = filepath.WalkDir(ds.Summary.Url, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // a file that went away while we walked takes no space
		}
		info, err := entry.Info()
		if err != nil {
			return nil // likewise
		}
		used += info.Size()
		provisioned += info.Size()
		if strings.HasSuffix(path, ".vmdk") && !isExtent(path) {
			if descriptor, err := readDescriptor(path); err == nil {
				provisioned += max(0, descriptor.Capacity()-extentLength(path))
			}
		}
		return nil
	})
	return used, provisioned
}
