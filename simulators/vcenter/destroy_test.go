package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestDestroyLeavesWhatIsNotTheVMs(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("one", "shared1", gb, true, ""))
	l.disk("[shared1] one/kept.vmdk", types.VirtualDiskTypeThin, gb)
	l.done(vm.Destroy(l.ctx))
	if left := l.search("shared1", "[shared1] one", nil); !slices.Equal(left, []string{"kept-flat.vmdk", "kept.vmdk"}) {
		t.Error(left)
	}
	l.done(l.create("cluster1", nil, vmSpec("two", "shared1", gb, true, "")).Destroy(l.ctx))
	if left := l.search("shared1", "[shared1]", nil); slices.Contains(left, "two") {
		t.Error(left)
	}
}
