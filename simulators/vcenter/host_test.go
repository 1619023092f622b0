package main

import (
	"testing"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestMaintenanceMode(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	l.done(l.powerOn(vm, nil))
	l.done(l.host("esx11").EnterMaintenanceMode(l.ctx, 5, false, nil))
	if got := l.hostOf(vm); got != "esx12" {
		t.Errorf("the running VM is on %s", got)
	}
	task, err := l.createTask("cluster1", l.host("esx11"), vmSpec("new", "shared1", gb, true, ""))
	l.failed(task, err, &types.InvalidState{})
	l.done(l.host("esx11").ExitMaintenanceMode(l.ctx, 5))
	l.create("cluster1", l.host("esx11"), vmSpec("new", "shared1", gb, true, ""))
}

func TestMaintenanceModeWaitsForAVMThatCannotMove(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "esx11-local", gb, true, ""))
	l.done(l.powerOn(vm, nil))
	task, err := l.host("esx11").EnterMaintenanceMode(l.ctx, 1, false, nil)
	l.failed(task, err, &types.Timedout{})
	task, err = l.host("esx11").EnterMaintenanceMode(l.ctx, 0, false, nil)
	l.must(err)
	l.done(vm.PowerOff(l.ctx))
	l.done(task, nil)
}

func TestDisconnectedHost(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	l.done(l.host("esx11").Disconnect(l.ctx))
	var m mo.VirtualMachine
	l.read(vm, &m, "runtime.connectionState")
	if m.Runtime.ConnectionState != types.VirtualMachineConnectionStateDisconnected {
		t.Errorf("its VM is %s", m.Runtime.ConnectionState)
	}
	var local mo.Datastore
	l.read(l.datastore("esx11-local"), &local, "summary.accessible")
	if local.Summary.Accessible {
		t.Error("its local datastore is accessible")
	}
	task, err := l.createTask("cluster1", l.host("esx11"), vmSpec("new", "shared1", gb, true, ""))
	l.failed(task, err, &types.HostNotConnected{})
	l.done(l.host("esx11").Reconnect(l.ctx, nil, nil))
	task, err = l.host("esx11").Reconnect(l.ctx, nil, nil)
	l.failed(task, err, &types.InvalidState{})
}
