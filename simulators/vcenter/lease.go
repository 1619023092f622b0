package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"sync"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// uploadSeconds is how long a lease waits at its end for uploads: clients, oslo.vmware among them, end it when
// they have sent the last byte, and then look at the disk.
const uploadSeconds = 5

// leases are the imports and exports in progress. A lease's URLs carry a ticket, which is all that a request to
// them needs, as on ESXi.
type leases struct {
	inventory *inventory
	mutex     sync.Mutex
	open      map[string]*transfer // by ticket
}

// transfer is what a lease is about.
type transfer struct {
	lease   types.ManagedObjectReference
	vm      types.ManagedObjectReference
	disks   map[string]leasedDisk // by their name in the URL
	missing map[string]bool       // those still to be uploaded; nil for an export
}

type leasedDisk struct {
	path     string // on the datastore
	capacity int64
	content  string
}

// add issues a ticket.
func (l *leases) add(t *transfer) (ticket string) {
	ticket = uuid.NewString()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.open[ticket] = t
	return ticket
}

// end takes the tickets of a lease back, and tells what it was about, if it is still open.
func (l *leases) end(lease types.ManagedObjectReference) *transfer {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for ticket, t := range l.open {
		if t.lease == lease {
			delete(l.open, ticket)
			return t
		}
	}
	return nil
}

// find returns the disk that a request is for, and its transfer; nil without one.
func (l *leases) find(r *http.Request) (*transfer, leasedDisk) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if t := l.open[r.PathValue("ticket")]; t != nil {
		if disk, ok := t.disks[r.PathValue("disk")]; ok {
			return t, disk
		}
	}
	return nil, leasedDisk{}
}

// allUploaded says whether an import has nothing left to wait for.
func (l *leases) allUploaded(lease types.ManagedObjectReference) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for _, t := range l.open {
		if t.lease == lease {
			return len(t.missing) == 0
		}
	}
	return true
}

// export makes a lease on the disks among these devices of a VM.
func (l *leases) export(
	ctx *simulator.Context, vm types.ManagedObjectReference, devices object.VirtualDeviceList,
) types.ManagedObjectReference {
	lease := &simulator.HttpNfcLease{HttpNfcLease: mo.HttpNfcLease{
		State: types.HttpNfcLeaseStateReady, InitializeProgress: 100,
		Mode: string(types.HttpNfcLeaseModePushOrGet),
	}}
	ctx.Session.Put(lease)
	t := &transfer{lease: lease.Self, vm: vm, disks: map[string]leasedDisk{}}
	info := &types.HttpNfcLeaseInfo{Lease: lease.Self, Entity: vm, LeaseTimeout: 300}
	base := url.URL{Scheme: "https", Host: ctx.Map.SessionManager().ServiceHostName}
	ticket := l.add(t)
	for n, device := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		disk := device.(*types.VirtualDisk)
		backing, isFlat := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
		if !isFlat {
			continue
		}
		name := fmt.Sprintf("disk-%d.vmdk", n)
		t.disks[name] = leasedDisk{backing.FileName, disk.CapacityInBytes, l.inventory.contentOf(backing)}
		info.TotalDiskCapacityInKB += disk.CapacityInKB
		info.DeviceUrl = append(info.DeviceUrl, types.HttpNfcLeaseDeviceUrl{
			Key: deviceKey(vm, devices, disk), Url: base.JoinPath("nfc", ticket, name).String(),
			Disk: types.NewBool(true), TargetId: name,
		})
	}
	lease.Info = info
	return lease.Self
}

// deviceKey is how vCenter calls a disk in a lease, e.g. /vm-12/VirtualLsiLogicController0:0.
func deviceKey(vm types.ManagedObjectReference, devices object.VirtualDeviceList, disk *types.VirtualDisk) string {
	controller, ok := devices.FindByKey(disk.ControllerKey).(types.BaseVirtualController)
	if !ok || disk.UnitNumber == nil {
		return fmt.Sprintf("/%s/%d", vm.Value, disk.Key)
	}
	return fmt.Sprintf("/%s/%s%d:%d", vm.Value, devices.TypeName(controller.(types.BaseVirtualDevice)),
		controller.GetVirtualController().BusNumber, *disk.UnitNumber)
}

// admitUploads gives the URLs of govmomi's import lease tickets, and notes what is to come.
func (l *leases) admitUploads(lease *simulator.HttpNfcLease, vm *simulator.VirtualMachine) {
	t := &transfer{
		lease: lease.Self, vm: vm.Self, disks: map[string]leasedDisk{}, missing: map[string]bool{},
	}
	for _, device := range object.VirtualDeviceList(vm.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil)) {
		disk := device.(*types.VirtualDisk)
		if backing, inFile := disk.Backing.(types.BaseVirtualDeviceFileBackingInfo); inFile {
			file := backing.GetVirtualDeviceFileBackingInfo().FileName
			t.disks[path.Base(file)] = leasedDisk{path: file}
			t.missing[path.Base(file)] = true
			lease.Info.TotalDiskCapacityInKB += disk.CapacityInKB
		}
	}
	ticket := l.add(t)
	for n := range lease.Info.DeviceUrl {
		device := &lease.Info.DeviceUrl[n]
		if u, err := url.Parse(device.Url); err == nil {
			u.Path = path.Join("/nfc", ticket, device.TargetId)
			device.Url = u.String()
		}
	}
}

// register serves the leases' URLs.
func (l *leases) register(mux *http.ServeMux) {
	mux.HandleFunc("GET /nfc/{ticket}/{disk}", l.send)
	mux.HandleFunc("PUT /nfc/{ticket}/{disk}", l.receive)
	mux.HandleFunc("POST /nfc/{ticket}/{disk}", l.receive)
}

// send streams a disk. Its length is not known before, nor does ESXi say it.
func (l *leases) send(w http.ResponseWriter, r *http.Request) {
	t, disk := l.find(r)
	if t == nil || t.missing != nil {
		http.Error(w, "no lease with this disk to export", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/x-vnd.vmware-streamVmdk")
	if err := l.inventory.contents.write(w, r.PathValue("disk"), disk.capacity, disk.content); err != nil {
		panic(http.ErrAbortHandler) // half a disk must not look like a whole one
	}
}

// receive takes a disk.
func (l *leases) receive(w http.ResponseWriter, r *http.Request) {
	t, disk := l.find(r)
	if t == nil || t.missing == nil {
		http.Error(w, "no lease with this disk to import", http.StatusNotFound)
		return
	}
	defer func() {
		l.mutex.Lock()
		delete(t.missing, r.PathValue("disk"))
		l.mutex.Unlock()
	}()
	if err := l.inventory.fillDisk(disk.path, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

type leaseMethods struct {
	methodSet
	inventory *inventory
}

// HttpNfcLeaseComplete ends a lease when all that was sent has arrived.
func (m *leaseMethods) HttpNfcLeaseComplete(ctx *simulator.Context, req *types.HttpNfcLeaseComplete) soap.HasFault {
	_ = waitUntil(uploadSeconds, func() (bool, types.BaseMethodFault) {
		return m.inventory.leases.allUploaded(req.This), nil
	})
	m.inventory.leases.end(req.This)
	return m.lease(ctx, req.This).HttpNfcLeaseComplete(ctx, req)
}

// HttpNfcLeaseAbort ends a lease; an aborted import takes the VM that it had created away.
func (m *leaseMethods) HttpNfcLeaseAbort(ctx *simulator.Context, req *types.HttpNfcLeaseAbort) soap.HasFault {
	lease := m.lease(ctx, req.This)
	if t := m.inventory.leases.end(req.This); t != nil && t.missing != nil && ctx.Map.Get(t.vm) != nil {
		vms := &vmMethods{inventory: m.inventory}
		body := vms.DestroyTask(ctx, &types.Destroy_Task{This: t.vm}).(*methods.Destroy_TaskBody)
		_, _ = wait(ctx, body.Res.Returnval)
	}
	return lease.HttpNfcLeaseAbort(ctx, req)
}

func (*leaseMethods) lease(ctx *simulator.Context, ref types.ManagedObjectReference) *simulator.HttpNfcLease {
	return ctx.Session.Get(ref).(*simulator.HttpNfcLease)
}
