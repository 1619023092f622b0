package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/vmware/govmomi/vim25/types"
)

// No guest runs, so what is on a disk was uploaded, and stays as it is. It is kept once, however many disks
// were made from it: as the stream that came in, named by its hash, beside the datastores. A disk's descriptor
// names it.
const contentKey = "content" // ddb.content

type contents struct{ dir string }

// keep stores a stream-optimized VMDK, and refuses anything else.
func (c *contents) keep(r io.Reader) (id string, capacity int64, err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return "", 0, err
	}
	f, err := os.CreateTemp(c.dir, "incoming-")
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, hash), r); err != nil {
		return "", 0, err
	}
	if capacity, err = checkStream(f); err != nil {
		return "", 0, err
	}
	id = hex.EncodeToString(hash.Sum(nil))
	return id, capacity, os.Rename(f.Name(), c.file(id))
}

func (c *contents) file(id string) string { return filepath.Join(c.dir, id) }

// keepFile stores what a file holds; "" if that is another form of VMDK, of which only the capacity is known.
func (c *contents) keepFile(name string) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	id, _, err := c.keep(f)
	if err != nil {
		return ""
	}
	return id
}

// checkStream reads all of it: half an image is none.
func checkStream(f io.ReadSeeker) (int64, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	capacity, grains, err := readStream(f)
	if err != nil {
		return 0, err
	}
	for _, err := range grains {
		if err != nil {
			return 0, err
		}
	}
	return capacity, nil
}

// write gives a disk of that capacity with this content; an empty one if id is "".
func (c *contents) write(w io.Writer, name string, capacity int64, id string) error {
	var grains iter.Seq2[grain, error] = func(func(grain, error) bool) {}
	if id != "" {
		f, err := os.Open(c.file(id))
		if err != nil {
			return err
		}
		defer f.Close()
		if _, grains, err = readStream(f); err != nil {
			return err
		}
	}
	return writeStream(w, name, capacity, grains)
}

// contentOf finds what is on a disk: its own content or, if it holds only what changed since, its parent's.
func (i *inventory) contentOf(backing *types.VirtualDiskFlatVer2BackingInfo) string {
	for ; backing != nil; backing = backing.Parent {
		_, file, fault := i.resolve(backing.FileName)
		if fault != nil {
			continue
		}
		if descriptor, err := readDescriptor(file); err == nil && descriptor.DDB[contentKey] != "" {
			return descriptor.DDB[contentKey]
		}
	}
	return ""
}

// fillDisk gives a new disk what was uploaded for it. Its capacity becomes that of the upload, whatever the
// import specification said; Nova, for one, does not know it.
func (i *inventory) fillDisk(name string, upload io.Reader) error {
	content, capacity, err := i.contents.keep(upload)
	if err != nil {
		return err
	}
	ds, file, fault := i.resolve(name)
	if fault != nil {
		return errors.New(message(fault))
	}
	descriptor, err := readDescriptor(file)
	if err != nil {
		return err
	}
	length := fileLength(i.contents.file(content))
	if isThick(file, descriptor) {
		length = capacity
	}
	if _, _, fault := i.room(name, length-extentLength(file)); fault != nil {
		return errors.New(message(fault))
	}
	if err := writeDescriptor(file, capacity, content); err != nil {
		return err
	}
	if fault := i.allocate(ds, file, length); fault != nil {
		return errors.New(message(fault))
	}
	ctx := *i.ctx // a lock belongs to a context: two uploads must not share theirs
	i.extended(&ctx, name, capacity>>10)
	i.usage.invalidate()
	return nil
}
