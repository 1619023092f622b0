package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// slowRelocation starts one that takes longer than any test.
func (l *lab) slowRelocation(vm *object.VirtualMachine) *object.Task {
	l.Helper()
	l.rules(`{"method": "RelocateVM_Task", "at": "task", "delay": "10m", "count": 1}`)
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))})
	l.must(err)
	return task
}

func (l *lab) info(task *object.Task) types.TaskInfo {
	l.Helper()
	var t mo.Task
	l.read(task, &t, "info")
	return t.Info
}

func TestALongTaskKeepsOthersFromItsVMAndCanBeCancelled(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	task := l.slowRelocation(vm)
	info := l.info(task)
	if info.State != types.TaskInfoStateRunning || !info.Cancelable || *info.Entity != vm.Reference() ||
		info.Name != "RelocateVM_Task" || info.DescriptionId != "VirtualMachine.relocate" || info.EntityName != "vm" {
		t.Errorf("%+v", info)
	}
	var m mo.VirtualMachine
	l.read(vm, &m, "recentTask")
	if !slices.Contains(m.RecentTask, task.Reference()) {
		t.Errorf("recent tasks %v", m.RecentTask)
	}
	second, err := l.powerOn(vm, nil)
	l.failed(second, err, &types.TaskInProgress{})
	second, err = l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))})
	l.failed(second, err, &types.TaskInProgress{})
	l.refused(vm.Unregister(l.ctx), &types.TaskInProgress{})
	l.must(task.Cancel(l.ctx))
	l.failed(task, nil, &types.RequestCanceled{})
	if info := l.info(task); !info.Cancelled || info.Progress == 100 {
		t.Errorf("%+v", info)
	}
	l.refused(task.Cancel(l.ctx), &types.InvalidState{})
	if len(l.files("shared2")) > 0 {
		t.Error("cancelled, but moved")
	}
	l.done(l.powerOn(vm, nil))
}

func TestATaskOutlivesItsSession(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.rules(`{"method": "RelocateVM_Task", "at": "task", "delay": "300ms"}`)
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))})
	l.must(err)
	l.must(session.NewManager(l.client).Logout(l.ctx))
	l.login()
	l.done(object.NewTask(l.client, task.Reference()), nil)
}

func TestProgressRises(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.taskSeconds = 0.5 })
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))})
	l.must(err)
	seen := map[int32]bool{}
	for info := l.info(task); info.State == types.TaskInfoStateRunning; info = l.info(task) {
		if info.Progress < 0 || info.Progress > 100 {
			t.Errorf("%d %%", info.Progress)
		}
		seen[info.Progress] = true
	}
	if len(seen) < 2 {
		t.Errorf("progress %v", seen)
	}
	l.done(task, nil)
}

func TestATaskThatFailsHalfWay(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.rules(`{"method": "RelocateVM_Task", "at": "task", "delay": "200ms", "fault": "NoDiskSpace"}`)
	task, err := l.relocate(vm, types.VirtualMachineRelocateSpec{Datastore: ref(l.datastore("shared2"))})
	l.must(err)
	if state := l.info(task).State; state != types.TaskInfoStateRunning {
		t.Errorf("%s at once", state)
	}
	l.failed(task, nil, &types.NoDiskSpace{})
}

func TestAShortTaskCannotBeCancelled(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	l.rules(`{"method": "PowerOnVM_Task", "at": "task", "fault": "InvalidState"}`)
	task, err := l.host("esx11").EnterMaintenanceMode(l.ctx, 0, false, nil)
	l.done(task, err)
	l.refused(task.Cancel(l.ctx), &types.InvalidState{})
	task, err = l.powerOn(vm, nil)
	l.failed(task, err, &types.InvalidState{})
}

func TestOldTasksAreForgotten(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, ""))
	task, err := l.powerOn(vm, nil)
	l.done(task, err)
	l.vc.inventory.jobs.forget(task.Reference())
	var m mo.VirtualMachine
	l.read(vm, &m, "recentTask")
	if slices.Contains(m.RecentTask, task.Reference()) {
		t.Errorf("recent tasks %v", m.RecentTask)
	}
	var gone mo.Task
	err = task.Properties(l.ctx, task.Reference(), []string{"info"}, &gone)
	l.refused(err, &types.ManagedObjectNotFound{})
}
