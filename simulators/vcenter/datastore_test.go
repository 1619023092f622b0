package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) summary(datastore string) types.DatastoreSummary {
	l.Helper()
	var ds mo.Datastore
	l.read(l.datastore(datastore), &ds, "summary")
	return ds.Summary
}

func TestDatastoresAreVMFSAndSeenByTheHostsOfTheirRank(t *testing.T) {
	l := newLab(t)
	for name, hosts := range map[string]int{"shared1": 4, "cluster1-ssd": 2, "esx11-local": 1} {
		var ds mo.Datastore
		l.read(l.datastore(name), &ds, "summary", "host", "info")
		if ds.Summary.Type != "VMFS" || len(ds.Host) != hosts || *ds.Summary.MultipleHostAccess != (hosts > 1) {
			t.Errorf("%s: %s on %d hosts", name, ds.Summary.Type, len(ds.Host))
		}
		if _, ok := ds.Info.(*types.VmfsDatastoreInfo); !ok {
			t.Errorf("%s: info is %T", name, ds.Info)
		}
	}
}

func TestSpaceFollowsTheDisks(t *testing.T) {
	l := newLab(t)
	before := l.summary("shared1")
	thin := l.create("cluster1", nil, vmSpec("thin", "shared1", 20*gb, true, ""))
	after := l.summary("shared1")
	if taken := before.FreeSpace - after.FreeSpace; taken > gb || after.Uncommitted < 19*gb {
		t.Errorf("a thin disk took %d, uncommitted %d", taken, after.Uncommitted)
	}
	thick := l.create("cluster1", nil, vmSpec("thick", "shared1", 20*gb, false, ""))
	if taken := before.FreeSpace - l.summary("shared1").FreeSpace; taken < 20*gb {
		t.Errorf("a thick disk took %d", taken)
	}
	l.done(thin.Destroy(l.ctx))
	l.done(thick.Destroy(l.ctx))
	if end := l.summary("shared1"); end.FreeSpace != before.FreeSpace || end.Uncommitted != before.Uncommitted {
		t.Errorf("%d free after all is gone, %d before", end.FreeSpace, before.FreeSpace)
	}
}

func TestADatastoreIsRenamed(t *testing.T) {
	l := newLab(t)
	ssd := l.datastore("cluster1-ssd")
	task, err := object.NewCommon(l.client, l.datastore("shared1").Reference()).Rename(l.ctx, "cluster1-ssd")
	l.failed(task, err, &types.DuplicateName{})
	l.done(object.NewCommon(l.client, ssd.Reference()).Rename(l.ctx, `fast/ssd 50%`))
	var ds mo.Datastore
	l.read(ssd, &ds, "name", "summary", "info")
	want := "fast%2fssd 50%25"
	if ds.Name != want || ds.Summary.Name != want || ds.Info.GetDatastoreInfo().Name != want {
		t.Errorf("%q, %q, %q", ds.Name, ds.Summary.Name, ds.Info.GetDatastoreInfo().Name)
	}
	l.create("cluster1", nil, vmSpec("vm", want, gb, true, ""))
	task, err = object.NewCommon(l.client, ssd.Reference()).Rename(l.ctx, "other")
	l.failed(task, err, &types.NotSupported{})
}

func TestDatastoreMaintenance(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "esx11-local", gb, true, ""))
	enter := func() (*types.DatastoreEnterMaintenanceModeResponse, error) {
		return methods.DatastoreEnterMaintenanceMode(l.ctx, l.client, &types.DatastoreEnterMaintenanceMode{
			This: l.datastore("esx11-local").Reference(),
		})
	}
	res, err := enter()
	l.must(err)
	if mode := l.summary("esx11-local").MaintenanceMode; mode != "enteringMaintenance" {
		t.Errorf("%s while a VM is on it", mode)
	}
	task, err := l.createTask("cluster1", nil, vmSpec("new", "esx11-local", gb, true, ""))
	l.failed(task, err, &types.InvalidDatastoreState{})
	l.done(vm.Destroy(l.ctx))
	l.done(object.NewTask(l.client, *res.Returnval.Task), nil)
	if mode := l.summary("esx11-local").MaintenanceMode; mode != "inMaintenance" {
		t.Errorf("%s after the last VM left", mode)
	}
	_, err = enter()
	l.refused(err, &types.InvalidState{})
	exit, err := methods.DatastoreExitMaintenanceMode_Task(l.ctx, l.client, &types.DatastoreExitMaintenanceMode_Task{
		This: l.datastore("esx11-local").Reference(),
	})
	l.must(err)
	l.done(object.NewTask(l.client, exit.Returnval), nil)
	l.create("cluster1", nil, vmSpec("new", "esx11-local", gb, true, ""))
}

// control sends a document to one of the simulator's own addresses.
func (l *lab) control(method, path, document string) int {
	l.Helper()
	u := strings.TrimSuffix(l.vc.url(), "/sdk") + path
	req, err := http.NewRequestWithContext(l.ctx, method, u, strings.NewReader(document))
	l.must(err)
	req.SetBasicAuth(testUser, testPassword)
	res, err := l.http.Do(req)
	l.must(err)
	l.must(res.Body.Close())
	return res.StatusCode
}

func TestOutage(t *testing.T) {
	l := newLab(t)
	if code := l.control("PUT", "/outages", `{"outages": [{"datastore": "nowhere"}]}`); code != http.StatusBadRequest {
		t.Errorf("an unknown datastore: %d", code)
	}
	l.control("PUT", "/outages", `{"outages": [{"datastore": "shared1", "host": "esx11"}, {"datastore": "shared2"}]}`)
	if !l.summary("shared1").Accessible || l.summary("shared2").Accessible {
		t.Error("accessible must mean that some host reaches it")
	}
	task, err := l.createTask("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	l.failed(task, err, &types.InaccessibleDatastore{})
	l.create("cluster1", l.host("esx12"), vmSpec("vm", "shared1", gb, true, ""))
	l.control("DELETE", "/outages", "")
	if !l.summary("shared2").Accessible {
		t.Error("still inaccessible")
	}
}
