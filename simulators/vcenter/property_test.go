package main

import (
	"testing"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// recursive is the traversal of oslo.vmware's build_recursive_traversal_spec in short: its named specs refer
// to each other in a circle.
func recursive(root types.ManagedObjectReference) types.ObjectSpec {
	ref := func(names ...string) (set []types.BaseSelectionSpec) {
		for _, name := range names {
			set = append(set, &types.SelectionSpec{Name: name})
		}
		return set
	}
	traverse := func(name, kind, path string, next ...string) types.BaseSelectionSpec {
		return &types.TraversalSpec{
			SelectionSpec: types.SelectionSpec{Name: name}, Type: kind, Path: path, SelectSet: ref(next...),
		}
	}
	all := []string{"folder", "vms", "hosts", "pool", "pools", "poolVMs", "clusterHosts", "hostVMs"}
	return types.ObjectSpec{Obj: root, SelectSet: []types.BaseSelectionSpec{
		traverse("folder", "Folder", "childEntity", all...),
		traverse("vms", "Datacenter", "vmFolder", all...),
		traverse("hosts", "Datacenter", "hostFolder", all...),
		traverse("pool", "ComputeResource", "resourcePool", all...),
		traverse("pools", "ResourcePool", "resourcePool", all...),
		traverse("poolVMs", "ResourcePool", "vm", all...),
		traverse("clusterHosts", "ComputeResource", "host", all...),
		traverse("hostVMs", "HostSystem", "vm", all...),
	}}
}

func (l *lab) retrieve(max int32, object types.ObjectSpec, kind string, paths ...string) *types.RetrieveResult {
	l.Helper()
	res, err := methods.RetrievePropertiesEx(l.ctx, l.client, &types.RetrievePropertiesEx{
		This: l.client.ServiceContent.PropertyCollector, Options: types.RetrieveOptions{MaxObjects: max},
		SpecSet: []types.PropertyFilterSpec{{
			ObjectSet: []types.ObjectSpec{object}, PropSet: []types.PropertySpec{{Type: kind, PathSet: paths}},
		}},
	})
	l.must(err)
	return res.Returnval
}

func TestTraversalEndsAndFindsEachObjectOnce(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 5 })
	root := recursive(l.client.ServiceContent.RootFolder)
	for kind, want := range map[string]int{"VirtualMachine": 5, "HostSystem": 4, "ClusterComputeResource": 2} {
		if got := len(l.retrieve(0, root, kind, "name").Objects); got != want {
			t.Errorf("%d of %s, want %d", got, kind, want)
		}
	}
}

func TestTraversalOfAnUndefinedName(t *testing.T) {
	l := newLab(t)
	_, err := methods.RetrievePropertiesEx(l.ctx, l.client, &types.RetrievePropertiesEx{
		This: l.client.ServiceContent.PropertyCollector,
		SpecSet: []types.PropertyFilterSpec{{
			PropSet: []types.PropertySpec{{Type: "Folder", PathSet: []string{"name"}}},
			ObjectSet: []types.ObjectSpec{{
				Obj: l.client.ServiceContent.RootFolder, SelectSet: []types.BaseSelectionSpec{&types.SelectionSpec{Name: "nobody"}},
			}},
		}},
	})
	l.refused(err, &types.InvalidArgument{})
}

func TestUnsetPropertiesAreLeftOut(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	content := l.retrieve(0, types.ObjectSpec{Obj: vm.Reference()}, "VirtualMachine", "name", "snapshot").Objects[0]
	if len(content.PropSet) != 1 || content.PropSet[0].Name != "name" {
		t.Errorf("%+v", content.PropSet)
	}
}

func TestCancelRetrieve(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 3 })
	page := l.retrieve(1, recursive(l.client.ServiceContent.RootFolder), "VirtualMachine", "name")
	if page.Token == "" {
		t.Fatal("no second page")
	}
	_, err := methods.CancelRetrievePropertiesEx(l.ctx, l.client, &types.CancelRetrievePropertiesEx{
		This: l.client.ServiceContent.PropertyCollector, Token: page.Token,
	})
	l.must(err)
}

// watcher is a property collector with one filter: the names and power states of all VMs.
type watcher struct {
	*lab
	collector *property.Collector
	version   string
}

func (l *lab) watch() *watcher {
	l.Helper()
	v, err := view.NewManager(l.client).CreateContainerView(
		l.ctx, l.client.ServiceContent.RootFolder, []string{"VirtualMachine"}, true)
	l.must(err)
	collector, err := property.DefaultCollector(l.client).Create(l.ctx)
	l.must(err)
	_, err = collector.CreateFilter(l.ctx, types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{
			Obj: v.Reference(), Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ContainerView", Path: "view"}},
		}},
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name", "runtime.powerState"}}},
	}})
	l.must(err)
	return &watcher{lab: l, collector: collector}
}

func (w *watcher) wait(max, seconds int32) *types.UpdateSet {
	w.Helper()
	res, err := methods.WaitForUpdatesEx(w.ctx, w.client, &types.WaitForUpdatesEx{
		This: w.collector.Reference(), Version: w.version,
		Options: &types.WaitOptions{MaxObjectUpdates: max, MaxWaitSeconds: &seconds},
	})
	w.must(err)
	if res.Returnval != nil {
		w.version = res.Returnval.Version
	}
	return res.Returnval
}

func (w *watcher) one(kind types.ObjectUpdateKind, ref types.ManagedObjectReference) types.ObjectUpdate {
	w.Helper()
	set := w.wait(0, 10)
	if set == nil || len(set.FilterSet) != 1 || len(set.FilterSet[0].ObjectSet) != 1 {
		w.Fatalf("want one update, got %+v", set)
	}
	update := set.FilterSet[0].ObjectSet[0]
	if update.Kind != kind || update.Obj != ref {
		w.Fatalf("%s of %s, want %s of %s", update.Kind, update.Obj, kind, ref)
	}
	return update
}

func TestWatchTellsWhatChanges(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 3 })
	w := l.watch()
	first := w.wait(2, 10)
	if !*first.Truncated || len(first.FilterSet[0].ObjectSet) != 2 {
		t.Errorf("first page: %+v", first)
	}
	if second := w.wait(2, 10); second.Truncated != nil || len(second.FilterSet[0].ObjectSet) != 1 {
		t.Errorf("second page: %+v", second)
	}
	if nothing := w.wait(0, 0); nothing != nil {
		t.Errorf("nothing changed, got %+v", nothing)
	}
	vm := l.create("cluster1", nil, vmSpec("new", "shared1", gb, true, ""))
	w.one(types.ObjectUpdateKindEnter, vm.Reference())
	l.done(l.powerOn(vm, nil))
	update := w.one(types.ObjectUpdateKindModify, vm.Reference())
	if len(update.ChangeSet) != 1 || update.ChangeSet[0].Val != types.VirtualMachinePowerStatePoweredOn {
		t.Errorf("%+v", update.ChangeSet)
	}
	l.done(vm.PowerOff(l.ctx))
	w.one(types.ObjectUpdateKindModify, vm.Reference())
	l.done(vm.Destroy(l.ctx))
	w.one(types.ObjectUpdateKindLeave, vm.Reference())
}

func TestWatchVersions(t *testing.T) {
	l := newLab(t)
	w := l.watch()
	w.wait(0, 10)
	vm := l.create("cluster1", nil, vmSpec("new", "shared1", gb, true, ""))
	before := w.version
	w.one(types.ObjectUpdateKindEnter, vm.Reference())
	w.version = before // the answer was lost on the way
	w.one(types.ObjectUpdateKindEnter, vm.Reference())
	_, err := methods.WaitForUpdatesEx(l.ctx, l.client, &types.WaitForUpdatesEx{
		This: w.collector.Reference(), Version: "77",
	})
	l.refused(err, &types.InvalidCollectorVersion{})
}

func TestCancelWaitForUpdates(t *testing.T) {
	l := newLab(t)
	w := l.watch()
	w.wait(0, 10)
	ended := make(chan error)
	go func() {
		_, err := methods.WaitForUpdatesEx(l.ctx, l.client, &types.WaitForUpdatesEx{
			This: w.collector.Reference(), Version: w.version,
		})
		ended <- err
	}()
	for {
		_, err := methods.CancelWaitForUpdates(l.ctx, l.client, &types.CancelWaitForUpdates{This: w.collector.Reference()})
		l.must(err)
		select {
		case err := <-ended:
			l.refused(err, &types.RequestCanceled{})
			return
		case <-time.After(20 * time.Millisecond): // the wait had not begun yet
		}
	}
}

func TestTaskOfAManagerHasNoEntity(t *testing.T) {
	l := newLab(t)
	manager := object.NewVirtualDiskManager(l.client)
	task, err := manager.CreateVirtualDisk(l.ctx, "[shared1] a.vmdk", l.dc, &types.FileBackedVirtualDiskSpec{
		VirtualDiskSpec: types.VirtualDiskSpec{DiskType: "thin", AdapterType: "lsiLogic"}, CapacityKb: 1024,
	})
	if info := l.done(task, err); info.Entity != nil {
		t.Errorf("entity %s is no ManagedEntity", info.Entity)
	}
}
