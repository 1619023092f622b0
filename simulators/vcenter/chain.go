package main

import (
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

type flatBacking = types.VirtualDiskFlatVer2BackingInfo

// chainOf lists what a device's disk is made of: the file that is written to, its parent, the parent of that …
func chainOf(device types.BaseVirtualDevice) []*flatBacking {
	backing, _ := device.GetVirtualDevice().Backing.(*flatBacking)
	var chain []*flatBacking
	for ; backing != nil; backing = backing.Parent {
		chain = append(chain, backing)
	}
	return chain
}

// configurations are those of a VM, and of each of its snapshots.
func (i *inventory) configurations(vm *simulator.VirtualMachine) []*types.VirtualMachineConfigInfo {
	all := []*types.VirtualMachineConfigInfo{vm.Config}
	for _, snapshot := range i.snapshotsOf(vm) {
		all = append(all, &snapshot.Config)
	}
	return all
}

func (i *inventory) snapshotsOf(vm *simulator.VirtualMachine) []*simulator.VirtualMachineSnapshot {
	var all []*simulator.VirtualMachineSnapshot
	var walk func([]types.VirtualMachineSnapshotTree)
	walk = func(trees []types.VirtualMachineSnapshotTree) {
		for _, tree := range trees {
			if snapshot, ok := i.registry().Get(tree.Snapshot).(*simulator.VirtualMachineSnapshot); ok {
				all = append(all, snapshot)
			}
			walk(tree.ChildSnapshotList)
		}
	}
	if vm.Snapshot != nil {
		walk(vm.Snapshot.RootSnapshotList)
	}
	return all
}

// backings lists every link of every chain in a VM's configurations.
func (i *inventory) backings(vm *simulator.VirtualMachine) []*flatBacking {
	var all []*flatBacking
	for _, config := range i.configurations(vm) {
		for _, device := range config.Hardware.Device {
			all = append(all, chainOf(device)...)
		}
	}
	return all
}

// sharing knows which VMs' disks are made of which files: those of linked clones are of several.
type sharing struct {
	mutex sync.Mutex
	files map[types.ManagedObjectReference]map[string]bool
}

// note replaces what a VM is known to use; with no backings, it is gone.
func (s *sharing) note(vm types.ManagedObjectReference, backings []*flatBacking) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.files, vm)
	if len(backings) == 0 {
		return
	}
	s.files[vm] = map[string]bool{}
	for _, backing := range backings {
		s.files[vm][backing.FileName] = true
	}
}

// byOthers tells whether another VM needs the file.
func (s *sharing) byOthers(vm types.ManagedObjectReference, file string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for other, files := range s.files {
		if other != vm && files[file] {
			return true
		}
	}
	return false
}

// owned lists the disk files that are a VM's alone: those it writes to, or its snapshots were written to, and their
// parents beside them. A parent elsewhere is a template's, or an image of which many VMs are made.
func (i *inventory) owned(vm *simulator.VirtualMachine) map[string]bool {
	all := map[string]bool{}
	for _, config := range i.configurations(vm) {
		for _, device := range config.Hardware.Device {
			chain := chainOf(device)
			for _, backing := range chain {
				beside := folderOf(backing.FileName) == folderOf(chain[0].FileName)
				if beside && !i.sharing.byOthers(vm.Self, backing.FileName) {
					all[backing.FileName] = true
				}
			}
		}
	}
	return all
}
