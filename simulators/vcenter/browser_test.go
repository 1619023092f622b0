package main

import (
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestSearchDatastoreNeedsNoSpec(t *testing.T) {
	l := newLab(t)
	l.disk("[shared1] found.vmdk", types.VirtualDiskTypeThin, gb)
	browser, err := l.datastore("shared1").Browser(l.ctx)
	l.must(err)
	task, err := browser.SearchDatastore(l.ctx, "[shared1]", nil)
	results := l.done(task, err).Result.(types.HostDatastoreBrowserSearchResults)
	for _, file := range results.File {
		if file.GetFileInfo().Path == "found.vmdk" {
			return
		}
	}
	t.Errorf("found.vmdk is not among %d files", len(results.File))
}
