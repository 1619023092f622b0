package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type browserMethods struct{ methodSet }

// SearchDatastoreTask takes a call without the optional searchSpec, on which govmomi dies.
func (*browserMethods) SearchDatastoreTask(ctx *simulator.Context, req *types.SearchDatastore_Task) soap.HasFault {
	if req.SearchSpec == nil {
		req.SearchSpec = &types.HostDatastoreBrowserSearchSpec{}
	}
	return get[*simulator.HostDatastoreBrowser](ctx.Map, req.This).SearchDatastoreTask(ctx, req)
}

// SearchDatastoreSubFoldersTask does too.
func (*browserMethods) SearchDatastoreSubFoldersTask(
	ctx *simulator.Context, req *types.SearchDatastoreSubFolders_Task,
) soap.HasFault {
	if req.SearchSpec == nil {
		req.SearchSpec = &types.HostDatastoreBrowserSearchSpec{}
	}
	return get[*simulator.HostDatastoreBrowser](ctx.Map, req.This).SearchDatastoreSubFoldersTask(ctx, req)
}
