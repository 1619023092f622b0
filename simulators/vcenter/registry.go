package main

import (
	"reflect"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// methodSet holds methods that stand before govmomi's, for all objects of one type; an object is found
// through its request's This. Objects themselves cannot be wrapped: govmomi asserts their exact type.
// It is a managed object itself only because it is kept among them.
type methodSet struct{ mo.ExtensibleManagedObject }

func newMethodSet(ref types.ManagedObjectReference) methodSet {
	return methodSet{mo.ExtensibleManagedObject{Self: ref}}
}

// Lock does nothing: a method locks the object that it is about.
func (*methodSet) Lock() {}

// Unlock does nothing.
func (*methodSet) Unlock() {}

// dispatcher sends calls to the method sets, unless a fault rule catches them.
type dispatcher struct {
	sets   map[string]mo.Reference
	faults *faults
	jobs   *jobs
	calls  *calls
}

func newDispatcher(i *inventory, f *faults, a *access, c *calls) *dispatcher {
	d := map[string]mo.Reference{"": &injector{newMethodSet(injectorRef), i}}
	set := func(kind string) methodSet {
		return newMethodSet(types.ManagedObjectReference{Type: "MethodSet", Value: kind})
	}
	d["Folder"] = &folderMethods{set("Folder"), i}
	d["VirtualMachine"] = &vmMethods{set("VirtualMachine"), i}
	d["HostNetworkSystem"] = &networkSystemMethods{set("HostNetworkSystem"), i}
	d["DistributedVirtualSwitch"] = &dvsMethods{set("DistributedVirtualSwitch"), i}
	d["DistributedVirtualPortgroup"] = &distributedPortGroupMethods{set("DistributedVirtualPortgroup"), i}
	d["FileManager"] = &fileMethods{set("FileManager"), i}
	d["VirtualDiskManager"] = &diskMethods{set("VirtualDiskManager"), i}
	d["Datastore"] = &datastoreMethods{set("Datastore"), i}
	d["ResourcePool"] = &poolMethods{set("ResourcePool"), i}
	d["HostDatastoreBrowser"] = &browserMethods{set("HostDatastoreBrowser"), i}
	d["HostSystem"] = &hostMethods{set("HostSystem"), i}
	d["VirtualMachineSnapshot"] = &snapshotMethods{set("VirtualMachineSnapshot"), i}
	d["SessionManager"] = a
	d["AuthorizationManager"] = &authorizationMethods{set("AuthorizationManager"), i}
	d["HttpNfcLease"] = &leaseMethods{set("HttpNfcLease"), i}
	d["ClusterComputeResource"] = &clusterMethods{set("ClusterComputeResource"), i}
	d["Task"] = &taskMethods{set("Task"), i}
	d["VirtualMachineProvisioningChecker"] = &checkerMethods{set("VirtualMachineProvisioningChecker"), i}
	for _, methods := range d {
		i.registry().Put(methods)
	}
	return &dispatcher{d, f, &i.jobs, c}
}

// route sees every call before its object does.
func (d *dispatcher) route(ctx *simulator.Context, method *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	d.calls.count(method.Name)
	if d.faults.inject(ctx, method) || d.jobs.refuse(ctx, method) {
		return ctx.Map.Get(injectorRef), nil
	}
	set, ok := d.sets[method.This.Type]
	if ok && ctx.Session != nil && ctx.Session.Get(method.This) != nil && implements(set, method.Name) {
		method.This = set.Reference()
	}
	return nil, nil
}

// implements follows govmomi's naming: Foo_Task of the API is FooTask in Go.
func implements(set mo.Reference, method string) bool {
	name := strings.ToUpper(method[:1]) + method[1:]
	if short, isTask := strings.CutSuffix(name, "_Task"); isTask {
		name = short + "Task"
	}
	return reflect.ValueOf(set).MethodByName(name).IsValid()
}

// get returns the object of a reference that is known to exist, in its type.
func get[T mo.Reference](r *simulator.Registry, ref types.ManagedObjectReference) T {
	return r.Get(ref).(T)
}

// run starts a task of an entity; work holds the entity's lock.
func run(
	ctx *simulator.Context, entity mo.Reference, method string,
	work func() (types.AnyType, types.BaseMethodFault),
) types.ManagedObjectReference {
	return newTask(ctx, entity.Reference(), method, work).Run(ctx)
}

// waitUntil asks until it is done, a fault comes, or the seconds (0: no limit) are over.
func waitUntil(seconds int32, done func() (bool, types.BaseMethodFault)) types.BaseMethodFault {
	deadline := time.Now().Add(time.Duration(seconds) * time.Second)
	for {
		if ok, fault := done(); ok {
			return fault
		}
		if seconds > 0 && time.Now().After(deadline) {
			return &types.Timedout{}
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// wait waits for a task of govmomi's that one of ours started.
func wait(ctx *simulator.Context, ref types.ManagedObjectReference) (types.AnyType, types.BaseMethodFault) {
	task := get[*simulator.Task](ctx.Map, ref)
	task.Wait()
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}

// datastorePath names a fault's file as clients know it; govmomi gives the path on this machine.
func (i *inventory) datastorePath(fault types.BaseMethodFault) {
	if f, ok := fault.(types.BaseFileFault); ok {
		file := &f.GetFileFault().File
		for _, ds := range i.datastores() {
			if rest, found := strings.CutPrefix(*file, ds.Summary.Url+"/"); found {
				*file = "[" + ds.Name + "] " + rest
			}
		}
	}
}

// set changes properties and tells those who watch them.
func set(ctx *simulator.Context, obj mo.Reference, properties map[string]types.AnyType) {
	changes := make([]types.PropertyChange, 0, len(properties))
	for name, value := range properties {
		if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && v.IsNil() {
			value = nil // an unset property; govmomi does not take a pointer for one
		}
		changes = append(changes, types.PropertyChange{Name: name, Val: value})
	}
	ctx.Map.AtomicUpdate(ctx, obj, changes)
}

func serviceInstance(r *simulator.Registry) *simulator.ServiceInstance {
	return get[*simulator.ServiceInstance](r, vim25.ServiceInstance)
}
