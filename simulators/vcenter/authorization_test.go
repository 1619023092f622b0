package main

import (
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) lacks(entity object.Reference, privilege string) bool {
	l.Helper()
	current, err := session.NewManager(l.client).UserSession(l.ctx)
	l.must(err)
	res, err := methods.HasPrivilegeOnEntities(l.ctx, l.client, &types.HasPrivilegeOnEntities{
		This: *l.client.ServiceContent.AuthorizationManager, SessionId: current.Key,
		Entity: []types.ManagedObjectReference{entity.Reference()}, PrivId: []string{privilege},
	})
	l.must(err)
	return !res.Returnval[0].PrivAvailability[0].IsGranted
}

func TestPrivilegesFollowTheNearestPermission(t *testing.T) {
	l := newLab(t, func(o *options) { o.inventory.vms = 1 })
	const settings = "VirtualMachine.Config.Settings"
	vm := l.vms()[0]
	if l.lacks(vm, settings) {
		t.Error("an administrator lacks a privilege")
	}
	manager := object.NewAuthorizationManager(l.client)
	roles, err := manager.RoleList(l.ctx)
	l.must(err)
	permit := func(entity types.ManagedObjectReference, role string) {
		l.must(manager.SetEntityPermissions(l.ctx, entity, []types.Permission{{
			Entity: &entity, Principal: testUser, RoleId: roles.ByName(role).RoleId, Propagate: true,
		}}))
	}
	permit(*vm.Parent, "ReadOnly")
	if !l.lacks(vm, settings) || l.lacks(vm, "System.Read") {
		t.Error("the folder's permission does not count for its VM")
	}
	permit(vm.Self, "Admin")
	if l.lacks(vm, settings) {
		t.Error("the VM's own permission does not come first")
	}
}
