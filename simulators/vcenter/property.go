package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// propertyCollector puts govmomi's right. It must work as a zero value with Self set: govmomi makes one
// for every session.
type propertyCollector struct{ simulator.PropertyCollector }

func (p *propertyCollector) RetrievePropertiesEx(
	ctx *simulator.Context, req *types.RetrievePropertiesEx,
) soap.HasFault {
	res := p.PropertyCollector.RetrievePropertiesEx(ctx, req)
	if b, ok := res.(*methods.RetrievePropertiesExBody); ok && b.Res != nil && b.Res.Returnval != nil {
		dropUnset(b.Res.Returnval.Objects)
	}
	return res
}

func (p *propertyCollector) ContinueRetrievePropertiesEx(
	ctx *simulator.Context, req *types.ContinueRetrievePropertiesEx,
) soap.HasFault {
	res := p.PropertyCollector.ContinueRetrievePropertiesEx(ctx, req)
	if b, ok := res.(*methods.ContinueRetrievePropertiesExBody); ok && b.Res != nil {
		dropUnset(b.Res.Returnval.Objects)
	}
	return res
}

// CancelRetrievePropertiesEx gives up the rest of a paged result.
func (p *propertyCollector) CancelRetrievePropertiesEx(
	*simulator.Context, *types.CancelRetrievePropertiesEx,
) soap.HasFault {
	return &methods.CancelRetrievePropertiesExBody{Res: &types.CancelRetrievePropertiesExResponse{}}
}

// dropUnset leaves out properties without a value, as vCenter does; "val" is not optional in the schema.
func dropUnset(objects []types.ObjectContent) {
	for i := range objects {
		kept := objects[i].PropSet[:0]
		for _, property := range objects[i].PropSet {
			if property.Val != nil {
				kept = append(kept, property)
			}
		}
		objects[i].PropSet = kept
	}
}
