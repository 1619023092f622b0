package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func TestObjectsAreChangedFromOutside(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("guest-1", "shared1", gb, true, ""))
	patch := func(object, properties string) int {
		return l.control("PATCH", "/objects", `{"object": "`+object+`", "properties": {`+properties+`}}`)
	}
	if code := patch("guest-1", `"runtime.connectionState": "orphaned", "guest.ipAddress": "192.0.2.1"`); code != http.StatusNoContent {
		t.Fatalf("%d", code)
	}
	var m mo.VirtualMachine
	l.read(vm, &m, "runtime.connectionState", "summary.runtime.connectionState", "summary.guest.ipAddress")
	if m.Runtime.ConnectionState != types.VirtualMachineConnectionStateOrphaned ||
		m.Summary.Runtime.ConnectionState != m.Runtime.ConnectionState || m.Summary.Guest.IpAddress != "192.0.2.1" {
		t.Errorf("%+v", m)
	}
	task, err := vm.CreateSnapshot(l.ctx, "x", "", false, false)
	l.failed(task, err, &types.InvalidState{})
	patch(vm.Reference().Value, `"runtime.connectionState": "connected"`)
	patch("esx11", `"runtime.connectionState": "notResponding"`)
	l.read(vm, &m, "runtime.connectionState")
	if m.Runtime.ConnectionState != types.VirtualMachineConnectionStateDisconnected {
		t.Errorf("VM %s", m.Runtime.ConnectionState)
	}
	task, err = vm.CreateSnapshot(l.ctx, "x", "", false, false)
	l.failed(task, err, &types.HostNotConnected{})
	patch("esx11", `"runtime.connectionState": "connected"`)
	l.snapshot(vm, "x", false)
	if code := patch("nobody", `"name": "x"`); code != http.StatusNotFound {
		t.Errorf("no such object: %d", code)
	}
	for _, wrong := range []string{`"runtime.nothing": 1`, `"runtime.host": 1`, `"config.hardware": "x"`} {
		if code := patch("guest-1", wrong); code != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, code)
		}
	}
	l.done(l.powerOn(vm, nil))
}

func TestAnUnmountedDatastore(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	l.control("PUT", "/outages", `{"outages": [{"datastore": "shared1", "host": "esx12", "unmounted": true}]}`)
	task, err := l.createTask("cluster1", l.host("esx12"), vmSpec("new", "shared1", gb, true, ""))
	l.failed(task, err, &types.InvalidDatastore{})
	task, err = l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))})
	l.failed(task, err, &types.CannotAccessVmConfig{})
	l.control("DELETE", "/outages", "")
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx12"))}))
}

func TestAHostIsAdded(t *testing.T) {
	l := newLab(t)
	add := func(name string) (*object.Task, error) {
		return l.cluster("cluster1").AddHost(l.ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)
	}
	l.done(add("esx19"))
	task, err := add("esx21")
	l.failed(task, err, &types.DuplicateName{})
	vm := l.create("cluster1", l.host("esx19"), vmSpec("vm", "cluster1-ssd", gb, true, "VM Network"))
	l.done(l.powerOn(vm, nil))
	l.done(l.relocate(vm, types.VirtualMachineRelocateSpec{Host: ref(l.host("esx11"))}))
	var host mo.HostSystem
	l.read(l.host("esx19"), &host, "datastore", "network", "summary.hardware.numCpuCores")
	if len(host.Datastore) != 3 || host.Summary.Hardware.NumCpuCores != hostCores {
		t.Errorf("%d datastores, %d cores", len(host.Datastore), host.Summary.Hardware.NumCpuCores)
	}
	task, err = l.createTask("cluster1", l.host("esx19"), vmSpec("new", "shared1", gb, true, "VLAN 10"))
	l.failed(task, err, &types.InvalidDeviceSpec{})
	l.must(l.networkSystem("esx19").AddPortGroup(l.ctx, portGroup("VLAN 10", 10, "vSwitch0")))
	l.create("cluster1", l.host("esx19"), vmSpec("new", "shared1", gb, true, "VLAN 10"))
	l.create("cluster1", l.host("esx19"), vmSpec("on dvs", "shared1", gb, true, ""))
}

func TestCallsAreCounted(t *testing.T) {
	l := newLab(t)
	l.control("DELETE", "/calls", "")
	for range 3 {
		l.must2(methods.CurrentTime(l.ctx, l.client, &types.CurrentTime{This: *serviceRef()}))
	}
	req, err := http.NewRequest(http.MethodGet, strings.Replace(l.vc.url(), "/sdk", "/calls", 1), nil)
	l.must(err)
	req.SetBasicAuth(testUser, testPassword)
	res, err := l.http.Do(req)
	l.must(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	l.must(err)
	var counted struct {
		Calls map[string]int
		Total int
	}
	l.must(json.Unmarshal(body, &counted))
	if counted.Calls["CurrentTime"] != 3 || counted.Total != 3 {
		t.Errorf("%s", body)
	}
}

func TestConsoleTickets(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	_, err := vm.AcquireTicket(l.ctx, "webmks")
	l.refused(err, &types.InvalidState{})
	l.done(l.powerOn(vm, nil))
	ticket, err := vm.AcquireTicket(l.ctx, "webmks")
	l.must(err)
	if ticket.Host != "esx11" || ticket.Url != "wss://esx11:443/ticket/"+ticket.Ticket {
		t.Errorf("%+v", ticket)
	}
	_, err = vm.AcquireTicket(l.ctx, "vnc")
	l.refused(err, &types.InvalidArgument{})
}
