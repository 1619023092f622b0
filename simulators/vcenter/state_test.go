package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/vim25/types"
)

func TestStateOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	with := func(o *options) { o.inventory.vms, o.inventory.stateDir = 4, dir }
	l := newLab(t, with)
	vm := l.create("cluster1", l.host("esx12"), vmSpec("kept", "shared1", 5*gb, false, "VLAN 10"))
	l.done(l.powerOn(vm, nil))
	l.done(vm.CreateSnapshot(l.ctx, "snap", "", false, false))
	l.must(l.networkSystem("esx11").AddPortGroup(l.ctx, portGroup("net", 7, "vSwitch0")))
	group := l.group("os-net", 55).Reference()
	victim, err := l.find.VirtualMachine(l.ctx, "app-004")
	l.must(err)
	_, _ = victim.PowerOff(l.ctx)
	l.must(l.waitOff(victim.Reference()))
	l.done(victim.Destroy(l.ctx))
	before, free := l.fingerprint(), l.summary("shared1").FreeSpace
	l.must(l.vc.stop())

	l = newLab(t, with)
	if after := l.fingerprint(); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("VMs before\n%s\nafter\n%s", strings.Join(before, "\n"), strings.Join(after, "\n"))
	}
	if after := l.summary("shared1").FreeSpace; after != free {
		t.Errorf("%d free before, %d after", free, after)
	}
	if vlan := l.vlanOf("esx11", "net"); vlan != 7 {
		t.Errorf("standard port group: VLAN %d", vlan)
	}
	if l.network("os-net").Self != group || !slices.Contains(l.network("VLAN 10").Vm, vm.Reference()) {
		t.Error("networks changed")
	}
	kept, err := l.find.VirtualMachine(l.ctx, "kept")
	l.must(err)
	snapshot, err := kept.FindSnapshot(l.ctx, "snap")
	l.must(err)
	l.done(kept.RemoveSnapshot(l.ctx, snapshot.Value, false, nil))
	l.done(kept.PowerOff(l.ctx))
	l.done(kept.Destroy(l.ctx))
	fresh := l.create("cluster1", nil, vmSpec("fresh", "shared1", gb, true, ""))
	if slices.ContainsFunc(before, func(line string) bool { return strings.Contains(line, fresh.Reference().Value+" ") }) {
		t.Error("a new VM got the moref of an old one")
	}
}

// waitOff does not mind a VM that was off already.
func (l *lab) waitOff(ref types.ManagedObjectReference) error {
	l.Helper()
	for _, vm := range l.vms() {
		if vm.Self == ref && vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
			return l.waitOff(ref)
		}
	}
	return nil
}

func TestStateOfOtherFlagsIsRefused(t *testing.T) {
	dir := t.TempDir()
	spec := inventorySpec{clusters: 1, hosts: 1, sharedDatastores: 1, seed: 1, stateDir: dir}
	inv, err := newInventory(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := inv.save(dir); err != nil {
		t.Fatal(err)
	}
	spec.hosts = 2
	if _, err := newInventory(spec); err == nil || !strings.Contains(err.Error(), "-hosts 1") {
		t.Errorf("%v", err)
	}
}
