package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type poolMethods struct {
	methodSet
	inventory *inventory
}

// ImportVApp places and checks the VM as CreateVM_Task does. Nova streams images in this way.
func (m *poolMethods) ImportVApp(ctx *simulator.Context, req *types.ImportVApp) soap.HasFault {
	pool := get[*simulator.ResourcePool](ctx.Map, req.This)
	spec, isVM := req.Spec.(*types.VirtualMachineImportSpec)
	folder := m.inventory.folder(m.inventory.dc.VmFolder)
	if req.Folder != nil {
		folder = m.inventory.folder(*req.Folder)
	}
	name := ""
	if isVM {
		name = escapeName(spec.ConfigSpec.Name)
		spec.ConfigSpec.Name = name
		create := types.CreateVM_Task{Config: spec.ConfigSpec, Pool: req.This, Host: req.Host}
		if fault := m.inventory.admit(ctx, folder, &create); fault != nil {
			return &methods.ImportVAppBody{Fault_: refusal(fault)}
		}
		req.Host = create.Host
		spec.ConfigSpec.Name = fileStem(name)
	}
	var res *methods.ImportVAppBody
	ctx.WithLock(pool, func() { res = pool.ImportVApp(ctx, req).(*methods.ImportVAppBody) })
	if res.Res == nil {
		return res
	}
	lease := ctx.Session.Get(res.Res.Returnval).(*simulator.HttpNfcLease)
	var entity *types.ManagedObjectReference
	_ = waitUntil(0, func() (done bool, _ types.BaseMethodFault) {
		ctx.WithLock(lease, func() {
			done = lease.State != types.HttpNfcLeaseStateInitializing
			if lease.Info != nil {
				entity = &lease.Info.Entity
			}
		})
		return done, nil
	})
	if entity != nil {
		vm := get[*simulator.VirtualMachine](ctx.Map, *entity)
		if isVM {
			m.inventory.rename(ctx, vm, name)
		}
		m.inventory.introduce(ctx, vm)
		ctx.WithLock(vm, func() { m.inventory.leases.admitUploads(lease, vm) })
	}
	return res
}
