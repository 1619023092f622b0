package main

import (
	"path/filepath"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// diskCopy is a disk of a clone: a copy of all of a chain, of its last link, or nothing but a link to it.
type diskCopy struct {
	disk   *types.VirtualDisk
	chain  []*flatBacking // of the source
	to     *simulator.Datastore
	kind   moveKind
	thin   bool
	length int64 // of the extent
}

// readDisks plans the copies.
func (c *cloning) readDisks(*simulator.Context) types.BaseMethodFault {
	location := &c.request.Spec.Location
	for _, device := range c.config.Hardware.Device {
		chain := chainOf(device)
		disk, isDisk := device.(*types.VirtualDisk)
		if !isDisk || len(chain) == 0 {
			continue
		}
		d := &diskCopy{disk: disk, chain: chain, kind: moveKind(location.DiskMoveType)}
		d.thin = isTrue(chain[len(chain)-1].ThinProvisioned)
		d.to, _, _ = c.vms.inventory.resolve(chain[0].FileName)
		if location.Datastore != nil {
			d.to = c.home
		}
		if fault := c.locate(d); fault != nil {
			return fault
		}
		if fault := c.checkDisk(d); fault != nil {
			return fault
		}
		c.vms.inventory.measure(d)
		c.disks = append(c.disks, d)
	}
	return nil
}

// locate reads what is said of one disk.
func (c *cloning) locate(d *diskCopy) (fault types.BaseMethodFault) {
	for _, locator := range c.request.Spec.Location.Disk {
		if locator.DiskId != d.disk.Key {
			continue
		}
		if d.to, fault = c.vms.inventory.findDatastore(locator.Datastore); fault != nil {
			return fault
		}
		if locator.DiskMoveType != "" {
			d.kind = moveKind(locator.DiskMoveType)
		}
		if wanted, isFlat := locator.DiskBackingInfo.(*flatBacking); isFlat && wanted.ThinProvisioned != nil {
			d.thin = *wanted.ThinProvisioned
		}
	}
	return nil
}

// linked tells a disk that is to have the source's as its parent.
func (d *diskCopy) linked() bool {
	return d.kind == types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking
}

// checkDisk refuses a link to a disk that is written to, and disks that the host cannot have.
func (c *cloning) checkDisk(d *diskCopy) types.BaseMethodFault {
	switch {
	case d.kind != "" && !slices.Contains(d.kind.Values(), d.kind):
		return &types.InvalidArgument{InvalidProperty: "spec.location.diskMoveType"}
	case d.linked() && (c.request.Spec.Snapshot == nil || isIndependent(d.chain[0])):
		return &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
	}
	for _, backing := range d.chain {
		ds, file, fault := c.vms.inventory.resolve(backing.FileName)
		if fault != nil || !fileExists(file) {
			return fileNotFound(backing.FileName)
		}
		shares := d.linked() || d.kind == types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking && backing != d.chain[0]
		if shares {
			if fault := reachFault(c.host, ds); fault != nil {
				return fault
			}
		}
	}
	return mountFault(c.host, d.to)
}

// measure finds how long the copy's extent is.
func (i *inventory) measure(d *diskCopy) {
	links := d.chain
	switch {
	case d.linked():
		d.length = deltaBytes
		return
	case d.kind == types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking:
		links = links[:1]
	case !d.thin:
		d.length = d.disk.CapacityInBytes
		return
	}
	for n, backing := range links {
		_, file, _ := i.resolve(backing.FileName)
		descriptor, err := readDescriptor(file)
		switch isBase := n == len(d.chain)-1; {
		case err != nil:
		case !isBase && len(links) > 1: // a delta holds nothing, as no guest writes
		case isBase && isThick(file, descriptor):
			d.length += fileLength(i.contents.file(descriptor.DDB[contentKey]))
		default:
			d.length += extentLength(file)
		}
	}
}

// checkSpace refuses what the datastores cannot hold.
func (c *cloning) checkSpace(*simulator.Context) types.BaseMethodFault {
	wanted := map[*simulator.Datastore]int64{}
	for _, d := range c.disks {
		wanted[d.to] += d.length
	}
	for ds, bytes := range wanted {
		if _, _, fault := c.vms.inventory.room("["+ds.Name+"]", bytes); fault != nil {
			return fault
		}
	}
	changes := slices.Clone(c.rest.DeviceChange)
	return c.vms.inventory.checkSpace(changes, "["+c.home.Name+"]")
}

// write makes the disk's files.
func (d *diskCopy) write(i *inventory, name string) types.BaseMethodFault {
	_, file, _ := i.resolve(name)
	backing := *d.chain[0]
	backing.FileName, backing.Datastore, backing.Uuid = name, &d.to.Self, ""
	extent := simulator.VirtualDiskBackingFileName(file)
	switch {
	case d.linked():
		parent := *d.chain[0]
		backing.Parent, backing.ThinProvisioned = &parent, types.NewBool(true)
		backing.DeltaDiskFormat = string(types.VirtualDiskDeltaDiskFormatSeSparseFormat)
		extent = deltaExtent(file)
	case d.kind == types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking && backing.Parent != nil:
		extent = deltaExtent(file)
	default:
		backing.Parent, backing.ThinProvisioned, backing.DeltaDiskFormat = nil, &d.thin, ""
	}
	if err := makeDisk(file, extent, d.disk.CapacityInBytes, d.length, i.contentOf(d.chain[0])); err != nil {
		return &types.CannotCreateFile{FileFault: types.FileFault{File: name}}
	}
	backing.Uuid = newDiskUUID()
	keepUUID(file, backing.Uuid)
	d.disk.Backing = &backing
	return nil
}

func makeDisk(file, extent string, capacity, length int64, content string) error {
	if err := makeFolder(filepath.Dir(file)); err != nil {
		return err
	}
	if err := resize(extent, length); err != nil {
		return err
	}
	return writeDescriptor(file, capacity, content)
}
