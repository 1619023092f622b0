package main

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type authorizationMethods struct {
	methodSet
	inventory *inventory
}

func (m *authorizationMethods) manager(ctx *simulator.Context) *simulator.AuthorizationManager {
	return get[*simulator.AuthorizationManager](ctx.Map, *serviceInstance(ctx.Map).Content.AuthorizationManager)
}

// HasPrivilegeOnEntities answers by the permissions that are set; govmomi grants everything to everybody. Nothing is
// enforced by them.
func (m *authorizationMethods) HasPrivilegeOnEntities(
	ctx *simulator.Context, req *types.HasPrivilegeOnEntities,
) soap.HasFault {
	var answers []types.EntityPrivilege
	for _, entity := range req.Entity {
		if ctx.Map.Get(entity) == nil {
			return &methods.HasPrivilegeOnEntitiesBody{Fault_: refusal(&types.ManagedObjectNotFound{Obj: entity})}
		}
		answer := types.EntityPrivilege{Entity: entity}
		granted, all := m.granted(ctx, entity)
		for _, id := range req.PrivId {
			answer.PrivAvailability = append(answer.PrivAvailability, types.PrivilegeAvailability{
				PrivId: id, IsGranted: all || slices.Contains(granted, id),
			})
		}
		answers = append(answers, answer)
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: answers}}
}

// granted finds the permission that counts for the session's user: the one nearest to the entity. Who is named in none
// is an administrator, as the simulator's one user is.
func (m *authorizationMethods) granted(
	ctx *simulator.Context, entity types.ManagedObjectReference,
) (privileges []string, all bool) {
	manager := m.manager(ctx)
	permissions := manager.RetrieveEntityPermissions(ctx, &types.RetrieveEntityPermissions{
		This: manager.Self, Entity: entity, Inherited: true,
	}).(*methods.RetrieveEntityPermissionsBody).Res.Returnval
	for _, permission := range permissions {
		applies := permission.Propagate || permission.Entity == nil || *permission.Entity == entity
		if permission.Principal == ctx.Session.UserName && applies {
			if role := object.AuthorizationRoleList(manager.RoleList).ById(permission.RoleId); role != nil {
				return role.Privilege, false
			}
		}
	}
	return nil, true
}
