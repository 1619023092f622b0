package main

import (
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type browserMethods struct {
	methodSet
	inventory *inventory
}

// SearchDatastoreTask lists a folder. govmomi's stops the process without a search specification, which is
// optional and which Nova leaves out, or when a file goes away meanwhile.
func (m *browserMethods) SearchDatastoreTask(ctx *simulator.Context, req *types.SearchDatastore_Task) soap.HasFault {
	task := m.search(ctx, req.This, req.DatastorePath, req.SearchSpec, false)
	return &methods.SearchDatastore_TaskBody{Res: &types.SearchDatastore_TaskResponse{Returnval: task}}
}

// SearchDatastoreSubFoldersTask lists a folder and all below it.
func (m *browserMethods) SearchDatastoreSubFoldersTask(
	ctx *simulator.Context, req *types.SearchDatastoreSubFolders_Task,
) soap.HasFault {
	task := m.search(ctx, req.This, req.DatastorePath, req.SearchSpec, true)
	return &methods.SearchDatastoreSubFolders_TaskBody{
		Res: &types.SearchDatastoreSubFolders_TaskResponse{Returnval: task},
	}
}

func (m *browserMethods) search(
	ctx *simulator.Context, browser types.ManagedObjectReference, folder string,
	spec *types.HostDatastoreBrowserSearchSpec, recurse bool,
) types.ManagedObjectReference {
	this := get[*simulator.HostDatastoreBrowser](ctx.Map, browser)
	s := &search{recurse: recurse}
	if spec != nil {
		s.spec = *spec
	}
	return run(ctx, this, "SearchDatastore_Task", func() (types.AnyType, types.BaseMethodFault) {
		ds, dir, fault := m.inventory.resolve(folder)
		switch {
		case fault != nil:
			return nil, fault
		case ctx.Map.FindByName(ds.Name, this.Datastore) == nil:
			return nil, &types.InvalidDatastore{Datastore: &ds.Self, Name: ds.Name}
		case !ds.Summary.Accessible:
			return nil, &types.InaccessibleDatastore{
				InvalidDatastore: types.InvalidDatastore{Datastore: &ds.Self, Name: ds.Name},
			}
		}
		if err := s.list(ds, folder, dir); err != nil {
			return nil, fileNotFound(folder)
		}
		if recurse {
			return types.ArrayOfHostDatastoreBrowserSearchResults{HostDatastoreBrowserSearchResults: s.found}, nil
		}
		return s.found[0], nil
	})
}

type search struct {
	spec    types.HostDatastoreBrowserSearchSpec
	recurse bool
	found   []types.HostDatastoreBrowserSearchResults
}

func (s *search) list(ds *simulator.Datastore, folder, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	n := len(s.found)
	s.found = append(s.found, types.HostDatastoreBrowserSearchResults{Datastore: &ds.Self, FolderPath: folder})
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			continue // gone since the folder was read
		}
		if s.wants(info) {
			s.found[n].File = append(s.found[n].File, s.describe(path.Join(dir, info.Name()), info))
		}
		if s.recurse && info.IsDir() {
			var p object.DatastorePath
			p.FromString(folder)
			p.Path = path.Join(p.Path, info.Name())
			_ = s.list(ds, p.String(), path.Join(dir, info.Name())) // a folder that is gone has no files
		}
	}
	return nil
}

// wants applies the patterns and the queries; either of them is "all" when not set.
func (s *search) wants(info fs.FileInfo) bool {
	matched := len(s.spec.MatchPattern) == 0
	for _, pattern := range s.spec.MatchPattern {
		name := info.Name()
		if isTrue(s.spec.SearchCaseInsensitive) {
			pattern, name = strings.ToLower(pattern), strings.ToLower(name)
		}
		if ok, _ := path.Match(pattern, name); ok {
			matched = true
		}
	}
	if !matched || len(s.spec.Query) == 0 {
		return matched
	}
	for _, query := range s.spec.Query {
		if answers(query, info) {
			return true
		}
	}
	return false
}

func answers(query types.BaseFileQuery, info fs.FileInfo) bool {
	extension := path.Ext(info.Name())
	switch query.(type) {
	case *types.FolderFileQuery:
		return info.IsDir()
	case *types.FloppyImageFileQuery:
		return extension == ".flp" || extension == ".img"
	case *types.IsoImageFileQuery:
		return extension == ".iso"
	case *types.VmConfigFileQuery:
		return extension == ".vmx"
	case *types.VmDiskFileQuery:
		return extension == ".vmdk" && !isExtent(info.Name())
	case *types.VmLogFileQuery:
		return extension == ".log"
	case *types.VmNvramFileQuery:
		return extension == ".nvram"
	case *types.VmSnapshotFileQuery:
		return extension == ".vmsn"
	case *types.FileQuery:
		return true
	}
	return false
}

// describe gives what the details ask for.
func (s *search) describe(name string, info fs.FileInfo) types.BaseFileInfo {
	file := types.FileInfo{Path: info.Name()}
	details := s.spec.Details
	if details == nil {
		details = &types.FileQueryFlags{}
	}
	if details.FileSize {
		file.FileSize = info.Size()
	}
	if details.Modification {
		file.Modification = types.NewTime(info.ModTime())
	}
	switch {
	case info.IsDir() && details.FileType:
		return &types.FolderFileInfo{FileInfo: file}
	case !details.FileType:
		return &file
	}
	switch path.Ext(info.Name()) {
	case ".img", ".flp":
		return &types.FloppyImageFileInfo{FileInfo: file}
	case ".iso":
		return &types.IsoImageFileInfo{FileInfo: file}
	case ".log":
		return &types.VmLogFileInfo{FileInfo: file}
	case ".nvram":
		return &types.VmNvramFileInfo{FileInfo: file}
	case ".vmdk":
		return s.describeDisk(name, file)
	case ".vmx":
		return &types.VmConfigFileInfo{FileInfo: file}
	}
	return &file
}

// describeDisk tells of a disk what a query for disks asks for.
func (s *search) describeDisk(name string, file types.FileInfo) *types.VmDiskFileInfo {
	disk := &types.VmDiskFileInfo{FileInfo: file}
	descriptor, err := readDescriptor(name)
	for _, query := range s.spec.Query {
		wanted, isDisk := query.(*types.VmDiskFileQuery)
		if !isDisk || wanted.Details == nil || err != nil {
			continue
		}
		if wanted.Details.DiskType {
			disk.DiskType = "VirtualDiskFlatVer2BackingInfo"
			if strings.HasSuffix(extentOf(name), "-sesparse.vmdk") {
				disk.DiskType = "VirtualDiskSeSparseBackingInfo"
			}
		}
		if wanted.Details.CapacityKb {
			disk.CapacityKb = descriptor.Capacity() >> 10
		}
		if isTrue(wanted.Details.Thin) {
			disk.Thin = types.NewBool(!isThick(name, descriptor))
		}
	}
	return disk
}
