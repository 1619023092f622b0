package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vmdk"
)

// fileMove is a file of a VM that goes to another datastore: one of its own, or a disk.
type fileMove struct {
	from, to *simulator.Datastore
	old, now string // datastore paths
	disk     bool
	copied   bool  // others need the old one too
	thin     *bool // if the disk's kind changes
	source   string
	uuid     string // the disk\'s, as its VM knows it
}

// steps lists the files that a relocation moves, with their new names. vCenter names them after the VM.
func (r *relocation) steps() []*fileMove {
	n := newNaming(r.vm.Name)
	var all []*fileMove
	vmx := r.vm.Config.Files.VmPathName
	old, file, _ := r.inventory.resolve(vmx)
	if old == r.home {
		n.folders[old] = folderOf(vmx)
	} else {
		all = r.homeSteps(n, old, file)
	}
	planned := map[string]bool{}
	owned := r.inventory.owned(r.vm)
	for number, config := range r.inventory.configurations(r.vm) {
		for _, device := range config.Hardware.Device {
			chain := chainOf(device)
			for link := len(chain) - 1; link >= 0; link-- {
				backing := chain[link]
				to := r.target(number == 0, device, backing)
				from, source, fault := r.inventory.resolve(backing.FileName)
				if fault != nil || to == nil || to == from || planned[backing.FileName] {
					continue
				}
				planned[backing.FileName] = true
				step := &fileMove{
					from: from, to: to, old: backing.FileName, disk: true, source: source, uuid: backing.Uuid,
					now: n.disk(to, chain, link), copied: !owned[backing.FileName],
				}
				if thin, changes := r.thin[device.GetVirtualDevice().Key]; changes && len(chain) == 1 && r.vm.Snapshot == nil {
					step.thin = &thin
				}
				all = append(all, step)
			}
		}
	}
	return all
}

// homeSteps are those of the VM's own files.
func (r *relocation) homeSteps(n *naming, from *simulator.Datastore, vmx string) []*fileMove {
	old := strings.TrimSuffix(filepath.Base(vmx), ".vmx")
	entries, _ := os.ReadDir(filepath.Dir(vmx))
	var all []*fileMove
	for _, entry := range entries {
		if _, own := fileTypes[path.Ext(entry.Name())]; !own {
			continue
		}
		name := entry.Name()
		if stem := strings.TrimSuffix(name, path.Ext(name)); stem == old {
			name = fileStem(r.vm.Name) + path.Ext(name)
		}
		all = append(all, &fileMove{
			from: from, to: r.home, old: sibling(r.vm.Config.Files.VmPathName, entry.Name()),
			now: inFolder(n.folder(r.home), name), source: filepath.Join(filepath.Dir(vmx), entry.Name()),
		})
	}
	return all
}

// target is where a link of a disk's chain goes; nil if it stays. A disk that only snapshots have goes with the VM.
func (r *relocation) target(current bool, device types.BaseVirtualDevice, backing *flatBacking) *simulator.Datastore {
	to, known := r.disks[device.GetVirtualDevice().Key]
	if !known && r.spec.Datastore != nil {
		to = r.home
	}
	if !r.moves(device, backing) || !current && r.childMost(device) {
		return nil
	}
	return to
}

// moves tells whether a link of a disk's chain moves with the disk.
func (r *relocation) moves(device types.BaseVirtualDevice, backing *flatBacking) bool {
	return !r.childMost(device) || backing == device.GetVirtualDevice().Backing
}

func (r *relocation) childMost(device types.BaseVirtualDevice) bool {
	kind := r.kinds[device.GetVirtualDevice().Key]
	return kind == types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking
}

// bytes are what the file takes where it goes.
func (f *fileMove) bytes() int64 {
	if !f.disk {
		return fileLength(f.source)
	}
	return fileLength(f.source) + f.length()
}

func (f *fileMove) length() int64 {
	length := extentLength(f.source)
	descriptor, err := readDescriptor(f.source)
	switch {
	case f.thin == nil || err != nil:
	case !*f.thin:
		length = descriptor.Capacity()
	case isThick(f.source, descriptor):
		length = 0 // what a guest would have written is not simulated
	}
	return length
}

// moveFiles moves them, and tells the VM and its snapshots where they are.
func (r *relocation) moveFiles(ctx *simulator.Context) types.BaseMethodFault {
	steps := r.steps()
	moved := map[string]*fileMove{}
	for _, step := range steps {
		if fault := step.apply(r.inventory); fault != nil {
			return fault
		}
		moved[step.old] = step
	}
	if len(moved) == 0 {
		return nil
	}
	oldHome := folderOf(r.vm.Config.Files.VmPathName)
	for _, config := range r.inventory.configurations(r.vm) {
		rename(config, oldHome, moved)
	}
	for _, step := range steps {
		r.inventory.removeEmpty(filepath.Dir(step.source))
	}
	r.inventory.logBeside(r.vm)
	set(ctx, r.vm, map[string]types.AnyType{
		"config.files": r.vm.Config.Files, "summary.config.vmPathName": r.vm.Config.Files.VmPathName,
		"config.hardware.device": r.vm.Config.Hardware.Device,
	})
	return nil
}

// rename tells a configuration the new names of files.
func rename(config *types.VirtualMachineConfigInfo, oldHome string, moved map[string]*fileMove) {
	files := &config.Files
	if step := moved[files.VmPathName]; step != nil {
		files.VmPathName = step.now
		for _, folder := range []*string{&files.SnapshotDirectory, &files.SuspendDirectory, &files.LogDirectory} {
			if strings.TrimSuffix(*folder, "/") == oldHome {
				*folder = folderOf(step.now)
			}
		}
	}
	for _, device := range config.Hardware.Device {
		for _, backing := range chainOf(device) {
			if step := moved[backing.FileName]; step != nil {
				backing.FileName, backing.Datastore = step.now, &step.to.Self
				if step.thin != nil {
					backing.ThinProvisioned = step.thin
				}
			}
		}
	}
}

// logBeside lets govmomi write a VM's log where the VM is: it keeps the name for itself, and would make the old
// folder's file again.
func (i *inventory) logBeside(vm *simulator.VirtualMachine) {
	_, file, fault := i.resolve(sibling(vm.Config.Files.VmPathName, "vmware.log"))
	if field := reflect.ValueOf(vm).Elem().FieldByName("log"); fault == nil {
		reflect.NewAt(field.Type(), field.Addr().UnsafePointer()).Elem().SetString(file)
	}
}

// apply moves the file, or copies it.
func (f *fileMove) apply(i *inventory) types.BaseMethodFault {
	_, dest, fault := i.resolve(f.now)
	if fault != nil {
		return fault
	}
	err := makeFolder(filepath.Dir(dest))
	switch {
	case err != nil:
	case f.disk:
		err = f.applyDisk(dest)
	default:
		err = os.Rename(f.source, dest)
	}
	if err != nil {
		return &types.CannotAccessFile{FileFault: types.FileFault{File: f.old}}
	}
	return nil
}

func (f *fileMove) applyDisk(dest string) error {
	descriptor, err := readDescriptor(f.source)
	if err != nil {
		return err
	}
	length := f.length()
	extent := extentOf(f.source)
	suffix := strings.TrimPrefix(extent, strings.TrimSuffix(f.source, ".vmdk"))
	destExtent := strings.TrimSuffix(dest, ".vmdk") + suffix
	descriptor.Extent = []vmdk.Extent{{
		Type: descriptor.Extent[0].Type, Permission: descriptor.Extent[0].Permission,
		Size: descriptor.Extent[0].Size, Info: filepath.Base(destExtent),
	}}
	if f.uuid != "" {
		descriptor.DDB[uuidKey] = f.uuid
	}
	if err := storeDescriptor(dest, descriptor); err != nil {
		return err
	}
	if f.copied {
		return resize(destExtent, length)
	}
	return errors.Join(os.Rename(extent, destExtent), resize(destExtent, length), os.Remove(f.source))
}

// removeEmpty removes a folder that nothing is left in.
func (i *inventory) removeEmpty(folder string) {
	for _, ds := range i.datastores() {
		if folder == ds.Summary.Url {
			return
		}
	}
	_ = os.Remove(folder) // fails if somebody else has files there
}

// naming finds names that are free.
type naming struct {
	vm      string
	folders map[*simulator.Datastore]string
	taken   map[string]bool
	stems   map[string]string // of a chain's files, by its base and datastore
}

func newNaming(vm string) *naming {
	return &naming{
		vm: vm, folders: map[*simulator.Datastore]string{}, taken: map[string]bool{}, stems: map[string]string{},
	}
}

// folder is the VM's on a datastore: a new one of its name.
func (n *naming) folder(ds *simulator.Datastore) string {
	if n.folders[ds] == "" {
		n.folders[ds] = n.free(ds, "", fileStem(n.vm), "")
	}
	return n.folders[ds]
}

// fresh names a disk of the VM that is new.
func (n *naming) fresh(ds *simulator.Datastore) string {
	var p object.DatastorePath
	p.FromString(n.folder(ds))
	return n.free(ds, p.Path, fileStem(n.vm), ".vmdk")
}

// free finds a name in a folder of a datastore that nothing has.
func (n *naming) free(ds *simulator.Datastore, folder, stem, extension string) string {
	for number := 0; ; number++ {
		name := stem
		if number > 0 {
			name = fmt.Sprintf("%s_%d", stem, number)
		}
		p := object.DatastorePath{Datastore: ds.Name, Path: path.Join(folder, name+extension)}
		if _, err := os.Stat(filepath.Join(ds.Summary.Url, p.Path)); err != nil && !n.taken[p.String()] {
			n.taken[p.String()] = true
			return p.String()
		}
	}
}

var deltaSuffix = regexp.MustCompile(`-\d{6}$`)

// disk names a link of a chain: those of one chain have their number of the chain's base.
func (n *naming) disk(ds *simulator.Datastore, chain []*flatBacking, link int) string {
	base := chain[len(chain)-1].FileName
	stem := n.stems[ds.Name+base]
	if stem == "" {
		stem = strings.TrimSuffix(n.fresh(ds), ".vmdk")
		n.stems[ds.Name+base] = stem
	}
	return stem + deltaSuffix.FindString(strings.TrimSuffix(chain[link].FileName, ".vmdk")) + ".vmdk"
}

// fileStem is what files of a VM of that name are called. govmomi does not survive percent signs.
func fileStem(name string) string { return strings.ReplaceAll(name, "%", "_") }

func makeFolder(dir string) error { return os.MkdirAll(dir, 0o700) }

func storeDescriptor(file string, descriptor *vmdk.Descriptor) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(descriptor.Write(f), f.Close())
}

// resize gives a file that length, which takes no space on this machine.
func resize(file string, length int64) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(length), f.Close())
}
