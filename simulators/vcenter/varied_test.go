package main

import (
	"slices"
	"testing"
)

func TestVariedBrownfieldHasOneOfEachKind(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms, o.inventory.brownfield = 2, "varied" })
	var names []string
	for _, vm := range l.vms() {
		names = append(names, vm.Name)
	}
	for _, odd := range oddities() {
		if !slices.Contains(names, "odd-"+odd.name) {
			t.Errorf("no VM odd-%s", odd.name)
		}
	}
	if want := 2 + len(oddities()) + 1; len(names) != want {
		t.Errorf("%d VMs, not %d: %v", len(names), want, names)
	}
}

func TestVariedBrownfieldOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	varied := func(o *options) { o.inventory.brownfield, o.inventory.stateDir = "varied", dir }
	first := newLab(t, varied)
	before := first.fingerprint()
	first.must(first.vc.stop())
	after := newLab(t, varied).fingerprint()
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}
