package main

import (
	"errors"
	"os"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// diskFiles lists the files of a VM's disks, and of its snapshots'.
func (i *inventory) diskFiles(vm *simulator.VirtualMachine) map[string]bool {
	files := map[string]bool{}
	for _, backing := range i.backings(vm) {
		files[backing.FileName] = true
	}
	return files
}

// removeUnused deletes those of the VM's files that it had and needs no more.
func (i *inventory) removeUnused(vm *simulator.VirtualMachine, before map[string]bool) {
	now := i.diskFiles(vm)
	for file := range before {
		if !now[file] && !i.sharing.byOthers(vm.Self, file) {
			i.deleteDisk(file)
		}
	}
}

func (i *inventory) deleteDisk(name string) {
	if _, file, fault := i.resolve(name); fault == nil {
		_ = errors.Join(os.Remove(extentOf(file)), os.Remove(file)) // what is gone already is no loss
	}
}

// mergeable finds a file of which only a child is needed, and that child. No snapshot shows the file; it is neither
// another VM's nor of an image, and nothing else was made from it.
func (i *inventory) mergeable(vm *simulator.VirtualMachine) (parent, child *flatBacking) {
	heads, children := map[string]bool{}, map[string]map[string]*flatBacking{}
	var links []*flatBacking
	for _, config := range i.configurations(vm) {
		for _, device := range config.Hardware.Device {
			chain := chainOf(device)
			for n, backing := range chain {
				if n == 0 {
					heads[backing.FileName] = true
					continue
				}
				if children[backing.FileName] == nil {
					children[backing.FileName] = map[string]*flatBacking{}
				}
				children[backing.FileName][chain[n-1].FileName] = chain[n-1]
				links = append(links, backing)
			}
		}
	}
	owned := i.owned(vm)
	for _, link := range links {
		if heads[link.FileName] || !owned[link.FileName] || len(children[link.FileName]) != 1 {
			continue
		}
		for _, only := range children[link.FileName] {
			if owned[only.FileName] {
				return link, only
			}
		}
	}
	return nil, nil
}

// merge puts such parents in the place of their children, until there are no more. The children hold nothing, as no
// guest writes.
func (i *inventory) merge(vm *simulator.VirtualMachine) {
	for parent, child := i.mergeable(vm); parent != nil; parent, child = i.mergeable(vm) {
		kept, gone := *parent, child.FileName
		for _, backing := range i.backings(vm) {
			if backing.FileName == gone {
				mode := backing.DiskMode
				*backing = kept
				backing.DiskMode = mode
			}
		}
		i.deleteDisk(gone)
	}
}

// showDisks makes the VM say how its disks are.
func (i *inventory) showDisks(ctx *simulator.Context, vm *simulator.VirtualMachine) {
	parent, _ := i.mergeable(vm)
	set(ctx, vm, map[string]types.AnyType{
		"config.hardware.device":              vm.Config.Hardware.Device,
		"runtime.consolidationNeeded":         parent != nil,
		"summary.runtime.consolidationNeeded": parent != nil,
	})
	i.layOut(ctx, vm)
}

// ConsolidateVMDisksTask merges what a removed snapshot left.
func (m *vmMethods) ConsolidateVMDisksTask(ctx *simulator.Context, req *types.ConsolidateVMDisks_Task) soap.HasFault {
	vm := get[*simulator.VirtualMachine](ctx.Map, req.This)
	task := m.inventory.jobs.change(ctx, vm, "ConsolidateVMDisks_Task",
		func(*simulator.Context) types.BaseMethodFault { return m.inventory.ready(vm) },
		func(ctx *simulator.Context) (types.AnyType, types.BaseMethodFault) {
			m.inventory.merge(vm)
			m.inventory.showDisks(ctx, vm)
			return nil, nil
		})
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: task}}
}
