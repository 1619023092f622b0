package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

const gb = int64(1) << 30

func TestCreateVMIsOnTheNamedHostAndDatastore(t *testing.T) {
	l := newLab(t)
	for _, host := range []string{"esx11", "esx12"} {
		vm := l.create("cluster1", l.host(host), vmSpec("on-"+host, "shared1", gb, true, "VLAN 10"))
		if got := l.hostOf(vm); got != host {
			t.Errorf("on %s, asked for %s", got, host)
		}
	}
}

func TestCreateVMWithoutHostGoesWhereTheDatastoreIs(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("anywhere", "esx12-local", gb, true, ""))
	if got := l.hostOf(vm); got != "esx12" {
		t.Errorf("on %s, but only esx12 sees the datastore", got)
	}
}

func TestCreateVMRefuses(t *testing.T) {
	l := newLab(t)
	l.create("cluster1", nil, vmSpec("taken", "shared1", gb, true, ""))
	shared, err := os.ReadDir(filepath.Join(l.vc.inventory.dir, "shared1"))
	l.must(err)
	for name, c := range map[string]struct {
		host, datastore, network string
		vm                       string
		bytes                    int64
		thin                     bool
		want                     types.BaseMethodFault
	}{
		"a name that the folder has":             {"esx11", "shared1", "", "taken", gb, true, &types.DuplicateName{}},
		"a host of another cluster":              {"esx21", "shared1", "", "new", gb, true, &types.InvalidArgument{}},
		"a datastore the host does not see":      {"esx11", "esx12-local", "", "new", gb, true, &types.InvalidDatastore{}},
		"a datastore no host of the cluster has": {"", "cluster2-ssd", "", "new", gb, true, &types.InvalidDatastore{}},
		"a datastore that does not exist":        {"", "nowhere", "", "new", gb, true, &types.InvalidDatastorePath{}},
		"a thick disk that does not fit":         {"", "esx11-local", "", "new", 2 << 40, false, &types.NoDiskSpace{}},
		"a network that does not exist":          {"", "shared1", "nowhere", "new", gb, true, &types.InvalidDeviceSpec{}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := vmSpec(c.vm, c.datastore, c.bytes, c.thin, c.network)
			if c.host == "" {
				task, err := l.createTask("cluster1", nil, spec)
				l.failed(task, err, c.want)
				return
			}
			task, err := l.createTask("cluster1", l.host(c.host), spec)
			l.failed(task, err, c.want)
		})
	}
	after, err := os.ReadDir(filepath.Join(l.vc.inventory.dir, "shared1"))
	l.must(err)
	if len(after) != len(shared) {
		t.Errorf("refused VMs left files behind: %v", after)
	}
}

func TestCreateVMThatFailsHalfWayLeavesNothing(t *testing.T) {
	l := newLab(t)
	spec := vmSpec("broken", "shared1", gb, true, "")
	disk := spec.DeviceChange[1].GetVirtualDeviceConfigSpec()
	disk.FileOperation = "" // attach a disk that is not there
	backing := disk.Device.GetVirtualDevice().Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	backing.FileName = "[shared1] elsewhere/missing.vmdk"
	task, err := l.createTask("cluster1", nil, spec)
	l.failed(task, err, &types.FileNotFound{})
	if _, err := os.Stat(filepath.Join(l.vc.inventory.dir, "shared1", "broken")); err == nil {
		t.Error("the VM's directory is still there")
	}
	if _, err := l.find.VirtualMachine(l.ctx, "broken"); err == nil {
		t.Error("the VM is still there")
	}
}
