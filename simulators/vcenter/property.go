package main

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// propertyCollector puts govmomi's right. It must work as a zero value with Self set: govmomi makes one
// for every session.
type propertyCollector struct {
	simulator.PropertyCollector
	watch watch
}

// RetrievePropertiesEx follows the traversal specs itself, see selection.go, and leaves the rest to govmomi.
func (p *propertyCollector) RetrievePropertiesEx(
	ctx *simulator.Context, req *types.RetrievePropertiesEx,
) soap.HasFault {
	recount(ctx, req.SpecSet)
	if ctx.Session != nil {
		if fault := selectObjects(ctx, req.SpecSet); fault != nil {
			return &methods.RetrievePropertiesExBody{Fault_: refusal(fault)}
		}
	}
	res := p.PropertyCollector.RetrievePropertiesEx(ctx, req)
	if b, ok := res.(*methods.RetrievePropertiesExBody); ok && b.Res != nil && b.Res.Returnval != nil {
		correct(b.Res.Returnval.Objects)
	}
	return res
}

// RetrieveProperties is RetrievePropertiesEx without pages.
func (p *propertyCollector) RetrieveProperties(ctx *simulator.Context, req *types.RetrieveProperties) soap.HasFault {
	recount(ctx, req.SpecSet)
	body := &methods.RetrievePropertiesBody{}
	if ctx.Session != nil {
		if fault := selectObjects(ctx, req.SpecSet); fault != nil {
			body.Fault_ = refusal(fault)
			return body
		}
	}
	res := p.PropertyCollector.RetrieveProperties(ctx, req)
	if b, ok := res.(*methods.RetrievePropertiesBody); ok && b.Res != nil {
		correct(b.Res.Returnval)
	}
	return res
}

// ContinueRetrievePropertiesEx gives the next page.
func (p *propertyCollector) ContinueRetrievePropertiesEx(
	ctx *simulator.Context, req *types.ContinueRetrievePropertiesEx,
) soap.HasFault {
	res := p.PropertyCollector.ContinueRetrievePropertiesEx(ctx, req)
	if b, ok := res.(*methods.ContinueRetrievePropertiesExBody); ok && b.Res != nil {
		correct(b.Res.Returnval.Objects)
	}
	return res
}

// CancelRetrievePropertiesEx gives up the rest of a paged result.
func (p *propertyCollector) CancelRetrievePropertiesEx(
	*simulator.Context, *types.CancelRetrievePropertiesEx,
) soap.HasFault {
	return &methods.CancelRetrievePropertiesExBody{Res: &types.CancelRetrievePropertiesExResponse{}}
}

// recount brings the datastores' numbers up to date before somebody reads them.
func recount(ctx *simulator.Context, specs []types.PropertyFilterSpec) {
	for _, spec := range specs {
		for _, wanted := range spec.PropSet {
			if wanted.Type == "Datastore" {
				get[*usage](ctx.Map, usageRef).refresh(ctx)
				return
			}
		}
	}
}

// correct makes of what govmomi read what vCenter sends.
func correct(objects []types.ObjectContent) {
	for i := range objects {
		kept := objects[i].PropSet[:0]
		for _, property := range objects[i].PropSet {
			if property.Val = taskInfo(property.Val); property.Val != nil {
				kept = append(kept, property) // one that is not set is left out: "val" is not optional
			}
		}
		objects[i].PropSet = kept
	}
}

// taskInfo puts the fault of a failed task in words, and clears the entity if it is none: a VirtualDiskManager
// is not a ManagedEntity, and pyVmomi refuses the whole TaskInfo for it.
func taskInfo(value types.AnyType) types.AnyType {
	switch v := value.(type) {
	case types.TaskInfo:
		if v.Entity != nil && strings.HasSuffix(v.Entity.Type, "Manager") {
			v.Entity, v.EntityName = nil, ""
		}
		v.Error = worded(v.Error)
		return v
	case types.LocalizedMethodFault:
		return *worded(&v)
	}
	return value
}

// worded replaces the Go type's name, which govmomi gives as the text.
func worded(fault *types.LocalizedMethodFault) *types.LocalizedMethodFault {
	if fault == nil || !strings.HasPrefix(fault.LocalizedMessage, "*types.") {
		return fault
	}
	return &types.LocalizedMethodFault{Fault: fault.Fault, LocalizedMessage: message(fault.Fault)}
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

// Fetch reads one property, of pyVmomi. The request is of a type that only govmomi can name, and so is its
// answer to the one that is special, the service content.
func (p *propertyCollector) Fetch(ctx *simulator.Context, req any) soap.HasFault {
	fields := reflect.ValueOf(req).Elem()
	this := fields.FieldByName("This").Interface().(types.ManagedObjectReference)
	if ctx.Session == nil || this == vim25.ServiceInstance {
		base := reflect.ValueOf(&p.PropertyCollector).MethodByName("Fetch")
		return base.Call([]reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(req)})[0].Interface().(soap.HasFault)
	}
	wanted := []types.PropertySpec{{Type: this.Type, PathSet: []string{fields.FieldByName("Prop").String()}}}
	recount(ctx, []types.PropertyFilterSpec{{PropSet: wanted}})
	found := p.read(ctx, wanted, map[types.ManagedObjectReference]bool{this: true})
	body := &fetchBody{}
	switch {
	case len(found) == 0:
		body.Fault_ = refusal(&types.ManagedObjectNotFound{Obj: this})
	case len(found[0].MissingSet) > 0:
		body.Fault_ = refusal(found[0].MissingSet[0].Fault.Fault)
	case len(found[0].PropSet) == 0:
		body.Res = &FetchResponse{} // not set; govmomi answers with another message, an AttributeError in pyVmomi
	default:
		body.Res = &FetchResponse{Returnval: found[0].PropSet[0].Val}
	}
	return body
}
