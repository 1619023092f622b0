package main

import (
	"path"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// selection follows one ObjectSpec. govmomi applies a TraversalSpec to objects of any type that has a
// property of its path's name, and so goes round for ever from VM to resource pool to VM.
type selection struct {
	ctx     *simulator.Context
	named   map[string]*types.TraversalSpec
	visited map[visit]bool
	found   []types.ManagedObjectReference
	seen    map[types.ManagedObjectReference]bool
}

type visit struct {
	object types.ManagedObjectReference
	spec   *types.TraversalSpec
}

// selectObjects replaces each ObjectSpec by the objects that it selects.
func selectObjects(ctx *simulator.Context, specs []types.PropertyFilterSpec) types.BaseMethodFault {
	reportMissing := true
	for n := range specs {
		var flat []types.ObjectSpec
		for _, spec := range specs[n].ObjectSet {
			found, fault := selectFrom(ctx, spec)
			if _, gone := fault.(*types.ManagedObjectNotFound); gone && isTrue(specs[n].ReportMissingObjectsInResults) {
				continue
			}
			if fault != nil {
				return fault
			}
			for _, ref := range found {
				flat = append(flat, types.ObjectSpec{Obj: ref})
			}
		}
		specs[n].ObjectSet = flat
		// One that is destroyed between now and the reading was never asked for by name.
		specs[n].ReportMissingObjectsInResults = &reportMissing
	}
	return nil
}

func selectFrom(
	ctx *simulator.Context, spec types.ObjectSpec,
) ([]types.ManagedObjectReference, types.BaseMethodFault) {
	if ctx.Session.Get(spec.Obj) == nil {
		return nil, &types.ManagedObjectNotFound{Obj: spec.Obj}
	}
	s := selection{
		ctx: ctx, named: map[string]*types.TraversalSpec{}, visited: map[visit]bool{},
		seen: map[types.ManagedObjectReference]bool{},
	}
	s.name(spec.SelectSet)
	if !isTrue(spec.Skip) {
		s.add(spec.Obj)
	}
	return s.found, s.walk(spec.Obj, spec.SelectSet)
}

// name collects the named specs, which others may refer to from anywhere.
func (s *selection) name(set []types.BaseSelectionSpec) {
	for _, spec := range set {
		if traversal, ok := spec.(*types.TraversalSpec); ok {
			if traversal.Name != "" {
				s.named[traversal.Name] = traversal
			}
			s.name(traversal.SelectSet)
		}
	}
}

func (s *selection) add(ref types.ManagedObjectReference) {
	if !s.seen[ref] {
		s.seen[ref] = true
		s.found = append(s.found, ref)
	}
}

func (s *selection) walk(ref types.ManagedObjectReference, set []types.BaseSelectionSpec) types.BaseMethodFault {
	for _, spec := range set {
		traversal, ok := spec.(*types.TraversalSpec)
		if !ok {
			if traversal, ok = s.named[spec.GetSelectionSpec().Name]; !ok {
				return &types.InvalidArgument{InvalidProperty: "specSet.objectSet.selectSet.name"}
			}
		}
		if s.visited[visit{ref, traversal}] {
			continue
		}
		s.visited[visit{ref, traversal}] = true
		for _, child := range s.follow(ref, traversal) {
			if !isTrue(traversal.Skip) {
				s.add(child)
			}
			if fault := s.walk(child, traversal.SelectSet); fault != nil {
				return fault
			}
		}
	}
	return nil
}

func (s *selection) follow(
	ref types.ManagedObjectReference, traversal *types.TraversalSpec,
) (found []types.ManagedObjectReference) {
	object := s.ctx.Session.Get(ref)
	if object == nil || !isA(object, traversal.Type) {
		return nil
	}
	s.ctx.WithLock(ref, func() { found = references(object, traversal.Path) })
	return found
}

// managed digs the API's object out of govmomi's, which embeds it first.
func managed(object mo.Reference) reflect.Value {
	v := reflect.ValueOf(object).Elem()
	for path.Base(v.Type().PkgPath()) != "mo" {
		v = reflect.Indirect(v.Field(0))
	}
	return v
}

// isA follows the API's inheritance, which package mo has as embedding.
func isA(object mo.Reference, kind string) bool {
	if object.Reference().Type == kind || kind == "ManagedObject" {
		return true
	}
	t := managed(object).Type()
	if t.Name() == kind {
		return true
	}
	base, ok := t.FieldByName(kind)
	return ok && base.Anonymous
}

// references reads a property that holds references; nothing if it has none or there is no such property.
func references(object mo.Reference, property string) []types.ManagedObjectReference {
	v := managed(object)
	for _, name := range strings.Split(property, ".") {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return nil
		}
		if v = v.FieldByName(strings.ToUpper(name[:1]) + name[1:]); !v.IsValid() {
			return nil
		}
	}
	switch refs := v.Interface().(type) {
	case []types.ManagedObjectReference:
		return append([]types.ManagedObjectReference(nil), refs...)
	case types.ManagedObjectReference:
		return []types.ManagedObjectReference{refs}
	case *types.ManagedObjectReference:
		if refs != nil {
			return []types.ManagedObjectReference{*refs}
		}
	}
	return nil
}
