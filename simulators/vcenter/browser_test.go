package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) search(datastore, folder string, spec *types.HostDatastoreBrowserSearchSpec) []string {
	l.Helper()
	browser, err := l.datastore(datastore).Browser(l.ctx)
	l.must(err)
	info := l.done(browser.SearchDatastore(l.ctx, folder, spec))
	var names []string
	for _, file := range info.Result.(types.HostDatastoreBrowserSearchResults).File {
		names = append(names, file.GetFileInfo().Path)
	}
	slices.Sort(names)
	return names
}

func TestSearchDatastore(t *testing.T) {
	l := newLab(t)
	l.disk("[shared1] a.vmdk", types.VirtualDiskTypeThin, gb)
	for name, c := range map[string]struct {
		spec *types.HostDatastoreBrowserSearchSpec
		want []string
	}{
		"no specification": {nil, []string{"a-flat.vmdk", "a.vmdk"}},
		"an empty one":     {&types.HostDatastoreBrowserSearchSpec{}, []string{"a-flat.vmdk", "a.vmdk"}},
		"a pattern":        {&types.HostDatastoreBrowserSearchSpec{MatchPattern: []string{"a.*"}}, []string{"a.vmdk"}},
		"any case": {&types.HostDatastoreBrowserSearchSpec{
			MatchPattern: []string{"A.*"}, SearchCaseInsensitive: types.NewBool(true),
		}, []string{"a.vmdk"}},
		"a query": {&types.HostDatastoreBrowserSearchSpec{
			Query: []types.BaseFileQuery{&types.VmDiskFileQuery{}},
		}, []string{"a.vmdk"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := l.search("shared1", "[shared1]", c.spec); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
	browser, err := l.datastore("shared1").Browser(l.ctx)
	l.must(err)
	task, err := browser.SearchDatastore(l.ctx, "[shared1] missing", nil)
	l.failed(task, err, &types.FileNotFound{})
	task, err = browser.SearchDatastore(l.ctx, "[esx21-local]", nil)
	l.failed(task, err, &types.InvalidDatastore{})
}

func TestSearchDatastoreTellsOfDisksWhatIsAsked(t *testing.T) {
	l := newLab(t)
	l.disk("[shared1] thick.vmdk", types.VirtualDiskTypePreallocated, 3*gb)
	browser, err := l.datastore("shared1").Browser(l.ctx)
	l.must(err)
	info := l.done(browser.SearchDatastore(l.ctx, "[shared1]", &types.HostDatastoreBrowserSearchSpec{
		Query: []types.BaseFileQuery{&types.VmDiskFileQuery{Details: &types.VmDiskFileQueryFlags{
			DiskType: true, CapacityKb: true, Thin: types.NewBool(true),
		}}},
		Details: &types.FileQueryFlags{FileType: true},
	}))
	files := info.Result.(types.HostDatastoreBrowserSearchResults).File
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	disk := files[0].(*types.VmDiskFileInfo)
	if disk.CapacityKb != 3*gb>>10 || disk.DiskType != "VirtualDiskFlatVer2BackingInfo" || isTrue(disk.Thin) {
		t.Errorf("%+v", disk)
	}
}
