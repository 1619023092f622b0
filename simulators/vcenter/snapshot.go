package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

const (
	// maxSnapshotLevels is the longest chain: vSphere Virtual Machine Administration, "Snapshot Limitations".
	maxSnapshotLevels = 32

	// deltaBytes is what a delta disk takes from the start. No guest writes more into it.
	deltaBytes = 16 << 20

	// stateBytes is about what a snapshot's file takes without memory.
	stateBytes = 32 << 10
)

type snapshotTree = types.VirtualMachineSnapshotTree

type snapshotMethods struct {
	methodSet
	inventory *inventory
}

// CreateSnapshotTask takes a snapshot.
func (m *vmMethods) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	item := snapshotTree{Name: req.Name, Description: req.Description, Quiesced: req.Quiesce}
	task := m.takeSnapshot(ctx, req.This, "CreateSnapshot_Task", item, req.Memory)
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: task}}
}

// CreateSnapshotExTask does the same; how it quiesces makes no difference here.
func (m *vmMethods) CreateSnapshotExTask(ctx *simulator.Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	item := snapshotTree{Name: req.Name, Description: req.Description, Quiesced: req.QuiesceSpec != nil}
	task := m.takeSnapshot(ctx, req.This, "CreateSnapshotEx_Task", item, req.Memory)
	return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: task}}
}

func (m *vmMethods) takeSnapshot(
	ctx *simulator.Context, ref types.ManagedObjectReference, method string, item snapshotTree, memory bool,
) types.ManagedObjectReference {
	vm := get[*simulator.VirtualMachine](ctx.Map, ref)
	item.Name = escapeName(item.Name)
	return m.inventory.jobs.change(ctx, vm, method,
		func(*simulator.Context) types.BaseMethodFault { return m.inventory.checkSnapshot(vm, &item, memory) },
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
			return m.inventory.createSnapshot(ctx, vm, item, withMemory(vm, memory))
		})
}

// withMemory tells whether the guest's memory is kept: never of a VM that is off, always of a suspended one.
func withMemory(vm *simulator.VirtualMachine, wanted bool) bool {
	switch vm.Runtime.PowerState {
	case types.VirtualMachinePowerStatePoweredOff:
		return false
	case types.VirtualMachinePowerStateSuspended:
		return true
	}
	return wanted
}

func (i *inventory) checkSnapshot(vm *simulator.VirtualMachine, item *snapshotTree, memory bool) types.BaseMethodFault {
	switch {
	case item.Name == "":
		return &types.InvalidName{Name: item.Name}
	case vm.Config.Template:
		return &types.NotSupported{}
	case vm.Snapshot != nil && len(pathTo(vm.Snapshot.RootSnapshotList, vm.Snapshot.CurrentSnapshot)) >= maxSnapshotLevels:
		return &types.TooManySnapshotLevels{}
	}
	if fault := i.ready(vm); fault != nil {
		return fault
	}
	needed := map[*simulator.Datastore]int64{}
	for _, device := range vm.Config.Hardware.Device {
		if sharesBus(device) {
			issue := &types.SharedBusControllerNotSupported{}
			return &types.SnapshotIncompatibleDeviceInVm{Fault: localized(issue)}
		}
		chain := chainOf(device)
		switch {
		case len(chain) == 0:
		case !isIndependent(chain[0]):
			ds, _, _ := i.resolve(chain[0].FileName)
			needed[ds] += deltaBytes
		case memory && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn:
			return &types.MemorySnapshotOnIndependentDisk{}
		}
	}
	if withMemory(vm, memory) {
		home, _, _ := i.resolve(vm.Config.Files.VmPathName)
		needed[home] += int64(vm.Config.Hardware.MemoryMB) << 20
	}
	for ds, bytes := range needed {
		if _, _, fault := i.room("["+ds.Name+"]", bytes); fault != nil {
			return fault
		}
	}
	return nil
}

// ready gives the fault of working with a VM's files now, or nil.
func (i *inventory) ready(vm *simulator.VirtualMachine) types.BaseMethodFault {
	host := get[*simulator.HostSystem](i.registry(), *vm.Runtime.Host)
	switch {
	case host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected:
		return &types.HostNotConnected{}
	case vm.Runtime.ConnectionState != types.VirtualMachineConnectionStateConnected:
		return &types.InvalidState{}
	}
	for _, ds := range i.datastoresOfVM(vm) {
		if fault := reachFault(host, ds); fault != nil {
			return fault
		}
	}
	return nil
}

func isIndependent(backing *flatBacking) bool {
	return strings.HasPrefix(backing.DiskMode, "independent")
}

func sharesBus(device types.BaseVirtualDevice) bool {
	controller, isSCSI := device.(types.BaseVirtualSCSIController)
	if !isSCSI {
		return false
	}
	sharing := controller.GetVirtualSCSIController().SharedBus
	return sharing != "" && sharing != types.VirtualSCSISharingNoSharing
}

// createSnapshot keeps the configuration and the disks as they are, and lets the VM go on with delta disks.
func (i *inventory) createSnapshot(
	ctx *simulator.Context, vm *simulator.VirtualMachine, item snapshotTree, memory bool,
) (types.AnyType, types.BaseMethodFault) {
	snapshot := &simulator.VirtualMachineSnapshot{}
	snapshot.Vm, snapshot.Config = vm.Self, copyConfig(vm.Config)
	i.registry().Put(snapshot)
	for _, device := range vm.Config.Hardware.Device {
		if chain := chainOf(device); len(chain) > 0 && !isIndependent(chain[0]) {
			if fault := i.addDelta(device); fault != nil {
				return nil, fault
			}
		}
	}
	item.Snapshot, item.Vm, item.Id = snapshot.Self, vm.Self, i.lastSnapshotID(vm)+1
	item.CreateTime, item.ReplaySupported = time.Now(), types.NewBool(false)
	item.State = types.VirtualMachinePowerStatePoweredOff
	if memory {
		item.State = vm.Runtime.PowerState
	}
	tools := vm.Guest.ToolsRunningStatus == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	running := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	item.Quiesced = item.Quiesced && running && tools && !memory
	if err := i.writeState(vm, item.Id, memory); err != nil {
		return nil, &types.CannotCreateFile{FileFault: types.FileFault{File: vm.Config.Files.SnapshotDirectory}}
	}
	info := types.VirtualMachineSnapshotInfo{}
	if vm.Snapshot != nil {
		info.RootSnapshotList = copyTree(vm.Snapshot.RootSnapshotList)
		info.CurrentSnapshot = vm.Snapshot.CurrentSnapshot
	}
	if parent := pathTo(info.RootSnapshotList, info.CurrentSnapshot); len(parent) > 0 {
		last := parent[len(parent)-1]
		last.ChildSnapshotList = append(last.ChildSnapshotList, item)
	} else {
		info.RootSnapshotList = append(info.RootSnapshotList, item)
	}
	info.CurrentSnapshot = &snapshot.Self
	i.showSnapshots(ctx, vm, info)
	set(ctx, vm, map[string]types.AnyType{"config.hardware.device": vm.Config.Hardware.Device})
	i.layOut(ctx, vm)
	return snapshot.Self, nil
}

// addDelta lets what is written to a disk go to a new file from now on.
func (i *inventory) addDelta(device types.BaseVirtualDevice) types.BaseMethodFault {
	chain := chainOf(device)
	ds, file, fault := i.resolve(chain[0].FileName)
	if fault != nil {
		return fault
	}
	descriptor, err := readDescriptor(file)
	if err != nil {
		return fileNotFound(chain[0].FileName)
	}
	stem := deltaSuffix.ReplaceAllString(strings.TrimSuffix(chain[0].FileName, ".vmdk"), "")
	name := ""
	for number := 1; name == ""; number++ {
		candidate := fmt.Sprintf("%s-%06d.vmdk", stem, number)
		if _, taken, _ := i.resolve(candidate); !fileExists(taken) {
			name = candidate
		}
	}
	_, delta, _ := i.resolve(name)
	if err := resize(deltaExtent(delta), deltaBytes); err != nil {
		return &types.CannotCreateFile{FileFault: types.FileFault{File: name}}
	}
	if err := writeDescriptor(delta, descriptor.Capacity(), i.contentOf(chain[0])); err != nil {
		return &types.CannotCreateFile{FileFault: types.FileFault{File: name}}
	}
	child := *chain[0]
	child.FileName, child.Datastore, child.Parent = name, &ds.Self, chain[0]
	child.ThinProvisioned, child.DeltaDiskFormat = types.NewBool(true), string(types.VirtualDiskDeltaDiskFormatSeSparseFormat)
	device.GetVirtualDevice().Backing = &child
	return nil
}

// writeState writes a snapshot's file, that of its memory, and the list of snapshots.
func (i *inventory) writeState(vm *simulator.VirtualMachine, id int32, memory bool) error {
	_, stem, _ := i.resolve(i.stateFile(vm, id))
	if err := resize(stem+".vmsn", stateBytes); err != nil {
		return err
	}
	if memory {
		if err := resize(stem+".vmem", int64(vm.Config.Hardware.MemoryMB)<<20); err != nil {
			return err
		}
	}
	return os.WriteFile(i.snapshotList(vm), fmt.Appendf(nil, "snapshot.lastUID = \"%d\"\n", id), 0o600)
}

// stateFile is the name of the files of a snapshot, without extension.
func (i *inventory) stateFile(vm *simulator.VirtualMachine, id int32) string {
	vmx := vm.Config.Files.VmPathName
	stem := strings.TrimSuffix(path.Base(vmx), ".vmx")
	if found := i.findState(vm, id); found != "" {
		return found
	}
	return sibling(vmx, fmt.Sprintf("%s-Snapshot%d", stem, id))
}

// findState finds them again: the VM may have another name by now.
func (i *inventory) findState(vm *simulator.VirtualMachine, id int32) string {
	vmx := vm.Config.Files.VmPathName
	_, file, _ := i.resolve(vmx)
	entries, _ := os.ReadDir(filepath.Dir(file))
	for _, entry := range entries {
		if stem, found := strings.CutSuffix(entry.Name(), fmt.Sprintf("-Snapshot%d.vmsn", id)); found {
			return sibling(vmx, fmt.Sprintf("%s-Snapshot%d", stem, id))
		}
	}
	return ""
}

func (i *inventory) snapshotList(vm *simulator.VirtualMachine) string {
	_, file, _ := i.resolve(vm.Config.Files.VmPathName)
	return strings.TrimSuffix(file, ".vmx") + ".vmsd"
}

var lastUID = regexp.MustCompile(`snapshot\.lastUID = "(\d+)"`)

// lastSnapshotID is the number of the youngest snapshot, even if it is gone: numbers are not used twice.
func (i *inventory) lastSnapshotID(vm *simulator.VirtualMachine) int32 {
	list, _ := os.ReadFile(i.snapshotList(vm))
	if match := lastUID.FindSubmatch(list); match != nil {
		id, _ := strconv.ParseInt(string(match[1]), 10, 32)
		return int32(id)
	}
	return 0
}

// snapshotFiles adds the files of a snapshot to a layout.
func (l *layout) snapshotFiles(id int32) (data, memory int32) {
	stem := l.inventory.findState(l.vm, id)
	if stem == "" {
		return -1, -1
	}
	data, memory = l.add(stem+".vmsn", types.VirtualMachineFileLayoutExFileTypeSnapshotData), -1
	if _, file, _ := l.inventory.resolve(stem + ".vmem"); fileExists(file) {
		memory = l.add(stem+".vmem", types.VirtualMachineFileLayoutExFileTypeSnapshotMemory)
	}
	return data, memory
}

// RemoveSnapshotTask forgets a snapshot, or all of a branch, and merges what is left of the disks.
func (m *snapshotMethods) RemoveSnapshotTask(ctx *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	vm := m.vm(ctx, req.This)
	task := m.inventory.jobs.change(ctx, vm, "RemoveSnapshot_Task",
		func(*simulator.Context) types.BaseMethodFault {
			if treeOf(vm, req.This) == nil {
				return &types.ManagedObjectNotFound{Obj: req.This}
			}
			return m.inventory.ready(vm)
		},
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
			gone := []snapshotTree{*treeOf(vm, req.This)}
			if req.RemoveChildren {
				gone = flatten(gone)
			}
			m.inventory.removeSnapshots(ctx, vm, gone, req.Consolidate)
			return nil, nil
		})
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: task}}
}

// RemoveAllSnapshotsTask forgets all snapshots of a VM, or those that are old enough.
func (m *vmMethods) RemoveAllSnapshotsTask(ctx *simulator.Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := m.inventory.jobs.change(ctx, vm, "RemoveAllSnapshots_Task",
		func(*simulator.Context) types.BaseMethodFault { return m.inventory.ready(vm) },
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
			if vm.Snapshot == nil {
				return nil, nil
			}
			gone := flatten(vm.Snapshot.RootSnapshotList)
			if req.Spec != nil {
				oldest := time.Now().AddDate(0, 0, -int(req.Spec.RetentionDays))
				gone = slices.DeleteFunc(gone, func(t snapshotTree) bool { return t.CreateTime.After(oldest) })
			}
			m.inventory.removeSnapshots(ctx, vm, gone, req.Consolidate)
			return nil, nil
		})
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: task}}
}

func (i *inventory) removeSnapshots(
	ctx *simulator.Context, vm *simulator.VirtualMachine, gone []snapshotTree, consolidate *bool,
) {
	before := i.diskFiles(vm)
	info := types.VirtualMachineSnapshotInfo{
		RootSnapshotList: copyTree(vm.Snapshot.RootSnapshotList), CurrentSnapshot: vm.Snapshot.CurrentSnapshot,
	}
	for _, tree := range gone {
		if info.CurrentSnapshot != nil && *info.CurrentSnapshot == tree.Snapshot {
			info.CurrentSnapshot = nil
			if path := pathTo(info.RootSnapshotList, &tree.Snapshot); len(path) > 1 {
				info.CurrentSnapshot = &path[len(path)-2].Snapshot
			}
		}
		info.RootSnapshotList = without(info.RootSnapshotList, tree.Snapshot)
		_, stem, _ := i.resolve(i.stateFile(vm, tree.Id))
		_, _ = os.Remove(stem+".vmsn"), os.Remove(stem+".vmem")
	}
	i.showSnapshots(ctx, vm, info)
	for _, tree := range gone {
		i.registry().Remove(ctx, tree.Snapshot)
	}
	i.removeUnused(vm, before)
	if consolidate == nil || *consolidate {
		i.merge(vm)
	}
	i.showDisks(ctx, vm)
}

func (m *snapshotMethods) vm(ctx *simulator.Context, ref types.ManagedObjectReference) *simulator.VirtualMachine {
	return get[*simulator.VirtualMachine](ctx.Map, vmOf(ctx.Map, ref))
}

// treeOf gives a snapshot's place, nil if it is gone.
func treeOf(vm *simulator.VirtualMachine, ref types.ManagedObjectReference) *snapshotTree {
	if vm.Snapshot == nil {
		return nil
	}
	path := pathTo(vm.Snapshot.RootSnapshotList, &ref)
	if len(path) == 0 {
		return nil
	}
	return path[len(path)-1]
}

// RenameSnapshot changes what is set.
func (m *snapshotMethods) RenameSnapshot(ctx *simulator.Context, req *types.RenameSnapshot) soap.HasFault {
	vm := m.vm(ctx, req.This)
	ctx.WithLock(vm, func() {
		info := *vm.Snapshot
		info.RootSnapshotList = copyTree(info.RootSnapshotList)
		path := pathTo(info.RootSnapshotList, &req.This)
		if len(path) == 0 {
			return
		}
		tree := path[len(path)-1]
		if req.Name != "" {
			tree.Name = escapeName(req.Name)
		}
		if req.Description != "" {
			tree.Description = req.Description
		}
		m.inventory.showSnapshots(ctx, vm, info)
	})
	return &methods.RenameSnapshotBody{Res: &types.RenameSnapshotResponse{}}
}

// showSnapshots makes the properties of the VM, and of its snapshots, say what the tree says.
func (i *inventory) showSnapshots(
	ctx *simulator.Context, vm *simulator.VirtualMachine, info types.VirtualMachineSnapshotInfo,
) {
	var roots []types.ManagedObjectReference
	for _, tree := range info.RootSnapshotList {
		roots = append(roots, tree.Snapshot)
	}
	for _, tree := range flatten(info.RootSnapshotList) {
		var children []types.ManagedObjectReference
		for _, child := range tree.ChildSnapshotList {
			children = append(children, child.Snapshot)
		}
		snapshot := get[*simulator.VirtualMachineSnapshot](ctx.Map, tree.Snapshot)
		set(ctx, snapshot, map[string]types.AnyType{"childSnapshot": children})
	}
	shown := &info
	if len(roots) == 0 {
		shown = nil
	}
	set(ctx, vm, map[string]types.AnyType{"snapshot": shown, "rootSnapshot": roots})
}

// pathTo leads from a root to a snapshot, nil to none.
func pathTo(trees []snapshotTree, ref *types.ManagedObjectReference) []*snapshotTree {
	for n := range trees {
		tree := &trees[n]
		if ref != nil && tree.Snapshot == *ref {
			return []*snapshotTree{tree}
		}
		if path := pathTo(tree.ChildSnapshotList, ref); path != nil {
			return append([]*snapshotTree{tree}, path...)
		}
	}
	return nil
}

func copyTree(trees []snapshotTree) []snapshotTree {
	all := slices.Clone(trees)
	for n := range all {
		all[n].ChildSnapshotList = copyTree(all[n].ChildSnapshotList)
	}
	return all
}

// without takes a snapshot away; its children take its place.
func without(trees []snapshotTree, ref types.ManagedObjectReference) []snapshotTree {
	var left []snapshotTree
	for _, tree := range trees {
		tree.ChildSnapshotList = without(tree.ChildSnapshotList, ref)
		if tree.Snapshot == ref {
			left = append(left, tree.ChildSnapshotList...)
		} else {
			left = append(left, tree)
		}
	}
	return left
}

func flatten(trees []snapshotTree) []snapshotTree {
	var all []snapshotTree
	for _, tree := range trees {
		all = append(append(all, tree), flatten(tree.ChildSnapshotList)...)
	}
	return all
}

// copyConfig copies all that a configuration refers to.
func copyConfig(config *types.VirtualMachineConfigInfo) types.VirtualMachineConfigInfo {
	var document bytes.Buffer
	if err := xml.NewEncoder(&document).Encode(config); err != nil {
		panic(err) // the same goes over the wire
	}
	decoder := xml.NewDecoder(&document)
	decoder.TypeFunc = types.TypeFunc()
	var copied types.VirtualMachineConfigInfo
	if err := decoder.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}

var (
	unescaped = strings.NewReplacer("/", "%2f", `\`, "%5c", "%2f", "%2f", "%2F", "%2f", "%5c", "%5c", "%5C", "%5c",
		"%25", "%25", "%", "%25")
)

// escapeName writes a name as vCenter keeps it. A percent sign that starts an escape sequence stays: VWS
// ManagedEntity.name.
func escapeName(name string) string { return unescaped.Replace(name) }
