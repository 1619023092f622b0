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
	if vm.Snapshot != nil {
		for _, tree := range flatten(vm.Snapshot.RootSnapshotList) {
			all = append(all, &get[*simulator.VirtualMachineSnapshot](i.registry(), tree.Snapshot).Config)
		}
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

// sharing knows which VMs' disks are made of which files, and whether only to read: those of linked clones are of several.
type sharing struct {
	mutex sync.Mutex
	files map[types.ManagedObjectReference]map[string]bool
}

// noteFiles keeps what a VM's disks are made of.
func (i *inventory) noteFiles(vm *simulator.VirtualMachine) {
	files := map[string]bool{}
	for _, backing := range i.backings(vm) {
		files[backing.FileName] = true
	}
	for _, device := range vm.Config.Hardware.Device {
		if chain := chainOf(device); len(chain) > 0 {
			files[chain[0].FileName] = false
		}
	}
	i.sharing.mutex.Lock()
	defer i.sharing.mutex.Unlock()
	i.sharing.files[vm.Self] = files
}

// forget is for a VM that is gone.
func (s *sharing) forget(vm types.ManagedObjectReference) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.files, vm)
}

// byOthers tells whether another VM reads the file. One that writes to it, too, has attached it knowing that it is
// another's.
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
