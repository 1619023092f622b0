package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// retention is how long a task that ended can be asked about: VWS TaskManager.recentTask, "completed recently".
const retention = 10 * time.Minute

// jobs are the tasks under way that take their time. Their entity is not locked meanwhile, so it stays readable.
type jobs struct {
	inventory *inventory
	pace      time.Duration // how long each takes, unless a fault rule says so
	mutex     sync.Mutex
	open      map[types.ManagedObjectReference]*job // by task
}

// job is one of them. Its progress shows, and it can be cancelled.
type job struct {
	ctx    *simulator.Context
	task   *simulator.Task
	entity types.ManagedObjectReference
	holds  bool // keeps other tasks from the entity
	shared bool // but not those that only read it, too
	lasts  time.Duration
	cancel chan struct{}
	once   sync.Once
}

// descriptions are what tasks call themselves where that is not made of the entity's type and the method's name.
var descriptions = map[string]string{
	"CloneVM_Task":            "VirtualMachine.clone",
	"ConsolidateVMDisks_Task": "VirtualMachine.consolidateDisks",
	"CreateVM_Task":           "Folder.createVm",
	"PowerOnVM_Task":          "VirtualMachine.powerOn",
	"ReconfigVM_Task":         "VirtualMachine.reconfigure",
	"RegisterVM_Task":         "Folder.registerVm",
	"RelocateVM_Task":         "VirtualMachine.relocate",
	"RemoveSnapshot_Task":     "vm.Snapshot.remove",
	"RevertToSnapshot_Task":   "vm.Snapshot.revert",
}

// newTask makes a task that says what it is as vCenter's do.
func newTask(
	ctx *simulator.Context, entity types.ManagedObjectReference, method string,
	work func() (types.AnyType, types.BaseMethodFault),
) *simulator.Task {
	task := simulator.CreateTask(entity, "", func(*simulator.Task) (types.AnyType, types.BaseMethodFault) {
		return work()
	})
	short := strings.TrimSuffix(method, "_Task")
	task.Info.Name, task.Info.DescriptionId = method, entity.Type+"."+strings.ToLower(short[:1])+short[1:]
	if description, special := descriptions[method]; special {
		task.Info.DescriptionId = description
	}
	if name := nameOf(ctx.Map.Get(entity)); name != "" {
		task.Info.EntityName = name
	}
	return task
}

type lastsKey struct{}

// lasting makes the task that a call starts take that long.
func lasting(ctx *simulator.Context, d time.Duration) {
	ctx.Context = context.WithValue(ctx.Context, lastsKey{}, d)
}

// run starts a task that works without its entity's lock.
func (j *jobs) run(
	ctx *simulator.Context, entity mo.Reference, method string,
	work func(*job) (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	return j.start(ctx, &job{entity: entity.Reference()}, method, work)
}

// change starts a task that changes a VM at its end, after as much time as it is to take. Neither the check at the
// start nor that at the end, nor the change, meet a VM that another task is changing.
func (j *jobs) change(
	ctx *simulator.Context, vm *simulator.VirtualMachine, method string,
	check func(*simulator.Context) types.BaseMethodFault,
	commit func(*simulator.Context) (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	return j.start(ctx, &job{entity: vm.Self, holds: true}, method, inSteps(vm, check, commit))
}

// read is a change of something else for which a VM must stay as it is.
func (j *jobs) read(
	ctx *simulator.Context, vm *simulator.VirtualMachine, method string,
	check func(*simulator.Context) types.BaseMethodFault,
	commit func(*simulator.Context) (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	return j.start(ctx, &job{entity: vm.Self, holds: true, shared: true}, method, inSteps(vm, check, commit))
}

func inSteps(
	vm *simulator.VirtualMachine,
	check func(*simulator.Context) types.BaseMethodFault,
	commit func(*simulator.Context) (types.AnyType, types.BaseMethodFault),
) func(*job) (types.AnyType, types.BaseMethodFault) {
	return func(w *job) (result types.AnyType, fault types.BaseMethodFault) {
		w.ctx.WithLock(vm, func() { fault = check(w.ctx) })
		if fault != nil {
			return nil, fault
		}
		if fault := w.elapse(); fault != nil {
			return nil, fault
		}
		w.ctx.WithLock(vm, func() {
			if fault = check(w.ctx); fault == nil { // others may have taken the space, or the host away
				result, fault = commit(w.ctx)
			}
		})
		return result, fault
	}
}

func (j *jobs) start(
	ctx *simulator.Context, w *job, method string, work func(*job) (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	background := *ctx // a lock belongs to a context: the request's own would share the task's
	w.ctx, w.cancel, w.lasts = &background, make(chan struct{}), j.pace
	if d, ok := ctx.Context.Value(lastsKey{}).(time.Duration); ok {
		w.lasts = d
	}
	registered := make(chan types.BaseMethodFault)
	w.task = newTask(ctx, w.entity, method, func() (types.AnyType, types.BaseMethodFault) {
		if fault := <-registered; fault != nil {
			return nil, fault
		}
		defer j.end(w)
		return work(w)
	})
	// govmomi locks the entity that it finds here as long as the task runs.
	w.task.Info.Entity = &types.ManagedObjectReference{Type: "MethodSet", Value: uuid.NewString()}
	w.task.Info.Cancelable = true
	ref := w.task.Run(w.ctx)
	set(ctx, w.task, map[string]types.AnyType{"info.entity": w.entity})
	j.showRecent(ctx, w.entity, func(recent []types.ManagedObjectReference) []types.ManagedObjectReference {
		return append(slices.Clone(recent), ref)
	})
	registered <- j.register(w)
	return ref
}

// register takes the entity, unless another has it.
func (j *jobs) register(w *job) types.BaseMethodFault {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if other := j.holding(w.entity, w.shared); w.holds && other != nil {
		return &types.TaskInProgress{Task: other.task.Self}
	}
	j.open[w.task.Self] = w
	return nil
}

func (j *jobs) end(w *job) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	delete(j.open, w.task.Self)
}

// holding finds the job that keeps a task from an entity. The mutex is held.
func (j *jobs) holding(entity types.ManagedObjectReference, shared bool) *job {
	for _, w := range j.open {
		if w.holds && w.entity == entity && !(shared && w.shared) {
			return w
		}
	}
	return nil
}

// busy tells which task keeps others from a VM, if any.
func (j *jobs) busy(vm types.ManagedObjectReference, shared bool) *types.ManagedObjectReference {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if w := j.holding(vm, shared); w != nil {
		return &w.task.Self
	}
	return nil
}

// cancelAll ends the jobs under way without what they were to do, and waits for them.
func (j *jobs) cancelAll() {
	_ = waitUntil(0, func() (bool, types.BaseMethodFault) {
		j.mutex.Lock()
		defer j.mutex.Unlock()
		for _, w := range j.open {
			w.once.Do(func() { close(w.cancel) })
		}
		return len(j.open) == 0, nil
	})
}

// elapse lets the job's time pass.
func (w *job) elapse() types.BaseMethodFault {
	began := time.Now()
	for {
		passed := time.Since(began)
		if w.isCancelled() {
			return &types.RequestCanceled{}
		}
		if passed >= w.lasts {
			return nil
		}
		progress := int32(100 * passed / w.lasts)
		if progress != w.task.Info.Progress {
			set(w.ctx, w.task, map[string]types.AnyType{"info.progress": progress})
		}
		select {
		case <-w.cancel:
		case <-time.After(min(w.lasts-passed, 100*time.Millisecond)):
		}
	}
}

func (w *job) isCancelled() bool {
	select {
	case <-w.cancel:
		return true
	default:
		return false
	}
}

type taskMethods struct {
	methodSet
	inventory *inventory
}

// CancelTask asks for the end of a task; the task itself says when it has ended.
func (m *taskMethods) CancelTask(ctx *simulator.Context, req *types.CancelTask) soap.HasFault {
	task := get[*simulator.Task](ctx.Map, req.This)
	var fault types.BaseMethodFault
	ctx.WithLock(task, func() {
		switch {
		case task.Info.CompleteTime != nil:
			fault = &types.InvalidState{}
		case !task.Info.Cancelable:
			fault = &types.NotSupported{}
		default:
			set(ctx, task, map[string]types.AnyType{"info.cancelled": true})
		}
	})
	if fault != nil {
		return &methods.CancelTaskBody{Fault_: refusal(fault)}
	}
	jobs := &m.inventory.jobs
	jobs.mutex.Lock()
	defer jobs.mutex.Unlock()
	if w := jobs.open[req.This]; w != nil {
		w.once.Do(func() { close(w.cancel) })
	}
	return &methods.CancelTaskBody{Res: &types.CancelTaskResponse{}}
}

// vmOf tells which VM a call is about: a snapshot's is that of its VM.
func vmOf(r *simulator.Registry, ref types.ManagedObjectReference) types.ManagedObjectReference {
	if snapshot, ok := r.Get(ref).(*simulator.VirtualMachineSnapshot); ok {
		return snapshot.Vm
	}
	return ref
}

// changesVM tells of the calls without a task that no other task may be under way for.
func changesVM(method string) bool {
	switch method {
	case "UnregisterVM", "MarkAsTemplate", "MarkAsVirtualMachine", "ExportVm", "RenameSnapshot":
		return true
	}
	return strings.HasSuffix(method, "_Task")
}

// PutObject is of no interest.
func (*jobs) PutObject(*simulator.Context, mo.Reference) {}

// RemoveObject is of no interest.
func (*jobs) RemoveObject(*simulator.Context, types.ManagedObjectReference) {}

// Reference is a name to be told of changes by.
func (*jobs) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "Jobs", Value: "jobs"}
}

// UpdateObject hears of every change, and forgets tasks some time after their end.
func (j *jobs) UpdateObject(_ *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	if _, isTask := o.(*mo.Task); !isTask {
		return
	}
	for _, change := range changes {
		if change.Name == "info.completeTime" {
			task := o.Reference()
			time.AfterFunc(retention, func() { j.forget(task) })
		}
	}
}

// forgetAll is for the tasks that made the inventory, which no vCenter ever had.
func (j *jobs) forgetAll() {
	for _, task := range j.inventory.registry().AllReference("Task") {
		j.inventory.registry().Remove(j.inventory.ctx, task.Reference())
	}
	none := func([]types.ManagedObjectReference) []types.ManagedObjectReference { return nil }
	j.showRecent(j.inventory.ctx, *serviceInstance(j.inventory.registry()).Content.TaskManager, none)
	for _, entity := range j.inventory.registry().All("") {
		entity.Entity().RecentTask = nil
	}
}

func (j *jobs) forget(ref types.ManagedObjectReference) {
	ctx := *j.inventory.ctx
	task := get[*simulator.Task](ctx.Map, ref)
	without := func(recent []types.ManagedObjectReference) []types.ManagedObjectReference {
		return slices.DeleteFunc(slices.Clone(recent), func(r types.ManagedObjectReference) bool { return r == ref })
	}
	j.showRecent(&ctx, *task.Info.Entity, without)
	j.showRecent(&ctx, *serviceInstance(ctx.Map).Content.TaskManager, without)
	ctx.Map.Remove(&ctx, ref)
}

// showRecent changes an object's list of recent tasks, if it has one.
func (*jobs) showRecent(
	ctx *simulator.Context, ref types.ManagedObjectReference,
	change func([]types.ManagedObjectReference) []types.ManagedObjectReference,
) {
	switch object := ctx.Map.Get(ref).(type) {
	case *simulator.TaskManager:
		ctx.WithLock(object, func() { ctx.Update(object, recentTasks(change(object.RecentTask))) })
	case mo.Entity:
		ctx.WithLock(object, func() { ctx.Update(object, recentTasks(change(object.Entity().RecentTask))) })
	}
}

func recentTasks(refs []types.ManagedObjectReference) []types.PropertyChange {
	return []types.PropertyChange{{Name: "recentTask", Val: refs}}
}
