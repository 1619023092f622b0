package main

import (
	"reflect"

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

// fetchBody and FetchResponse are govmomi's internal types again; the response's name goes on the wire.
type fetchBody struct {
	Res    *FetchResponse `xml:"urn:vim25 FetchResponse,omitempty"`
	Fault_ *soap.Fault    `xml:"http://schemas.xmlsoap.org/soap/envelope/ Fault,omitempty"`
}

// FetchResponse has no value for a property that is not set.
type FetchResponse struct {
	Returnval types.AnyType `xml:"returnval,omitempty,typeattr"`
}

func (b *fetchBody) Fault() *soap.Fault { return b.Fault_ }

// Fetch answers an unset property with an empty FetchResponse; govmomi sends a RetrievePropertiesExResponse,
// of which pyVmomi makes an AttributeError. The request is of a type that only govmomi can name.
func (p *propertyCollector) Fetch(ctx *simulator.Context, req any) soap.HasFault {
	base := reflect.ValueOf(&p.PropertyCollector).MethodByName("Fetch")
	res := base.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(req)})[0].Interface()
	if _, unset := res.(*methods.RetrievePropertiesExBody); unset && res.(soap.HasFault).Fault() == nil {
		return &fetchBody{Res: &FetchResponse{}}
	}
	return res.(soap.HasFault)
}
