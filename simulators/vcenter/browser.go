package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

type browserMethods struct{ methodSet }

// SearchDatastoreTask finds every file where nothing narrows the search.
func (*browserMethods) SearchDatastoreTask(ctx *simulator.Context, req *types.SearchDatastore_Task) soap.HasFault {
	req.SearchSpec = everyFile(req.SearchSpec)
	return get[*simulator.HostDatastoreBrowser](ctx.Map, req.This).SearchDatastoreTask(ctx, req)
}

// SearchDatastoreSubFoldersTask does too.
func (*browserMethods) SearchDatastoreSubFoldersTask(
	ctx *simulator.Context, req *types.SearchDatastoreSubFolders_Task,
) soap.HasFault {
	req.SearchSpec = everyFile(req.SearchSpec)
	return get[*simulator.HostDatastoreBrowser](ctx.Map, req.This).SearchDatastoreSubFoldersTask(ctx, req)
}

// everyFile fills in what is optional: govmomi dies of no spec, and finds nothing without a pattern.
func everyFile(spec *types.HostDatastoreBrowserSearchSpec) *types.HostDatastoreBrowserSearchSpec {
	if spec == nil {
		spec = &types.HostDatastoreBrowserSearchSpec{}
	}
	if len(spec.MatchPattern) == 0 {
		spec.MatchPattern = []string{"*"}
	}
	return spec
}
