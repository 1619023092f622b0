package main

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// watch is what a property collector remembers between two WaitForUpdatesEx. govmomi reads every object of
// every filter again for each change anywhere; this reads what changed.
type watch struct {
	mutex   sync.Mutex
	wake    chan struct{}
	cancel  chan struct{}
	moved   bool // an object came or went, so filters may select others
	changed map[types.ManagedObjectReference]map[string]bool
	known   map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool // filter -> its objects
	pending []types.PropertyFilterUpdate
	version int
	last    *types.UpdateSet // sent again to a client that lost it
}

const (
	defaultPage = 100                   // objects in one UpdateSet
	gather      = 10 * time.Millisecond // a change seldom comes alone
)

// note remembers a change; with no names, that objects came or went.
func (w *watch) note(ref types.ManagedObjectReference, names ...string) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if len(names) == 0 {
		w.moved = true
	} else if w.changed[ref] == nil {
		w.changed[ref] = map[string]bool{}
	}
	for _, name := range names {
		w.changed[ref][name] = true
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// PutObject hears of a new object.
func (p *propertyCollector) PutObject(_ *simulator.Context, o mo.Reference) {
	p.watch.note(o.Reference())
}

// RemoveObject hears of one that is gone.
func (p *propertyCollector) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	p.watch.note(ref)
}

// UpdateObject hears of a change.
func (p *propertyCollector) UpdateObject(_ *simulator.Context, o mo.Reference, changes []types.PropertyChange) {
	names := make([]string, 0, len(changes))
	for _, change := range changes {
		names = append(names, change.Name)
	}
	if len(names) > 0 {
		p.watch.note(o.Reference(), names...)
	}
}

// CreatePropertyCollector makes one that works like this one.
func (p *propertyCollector) CreatePropertyCollector(
	ctx *simulator.Context, _ *types.CreatePropertyCollector,
) soap.HasFault {
	collector := &propertyCollector{}
	collector.Self.Type = "PropertyCollector"
	return &methods.CreatePropertyCollectorBody{
		Res: &types.CreatePropertyCollectorResponse{Returnval: ctx.Session.Put(collector).Reference()},
	}
}

// CreateFilter lets a wait that is under way see the new filter.
func (p *propertyCollector) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	res := p.PropertyCollector.CreateFilter(ctx, req)
	p.watch.note(p.Self)
	return res
}

// CancelWaitForUpdates ends a wait with RequestCanceled.
func (p *propertyCollector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	p.watch.end()
	return &methods.CancelWaitForUpdatesBody{Res: &types.CancelWaitForUpdatesResponse{}}
}

func (w *watch) end() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.cancel != nil {
		close(w.cancel)
		w.cancel = nil
	}
}

// begin ends a wait whose client has gone, and opens the ears before the first look around.
func (w *watch) begin(fresh bool) (cancel chan struct{}) {
	w.end()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if fresh {
		w.wake = make(chan struct{}, 1)
		w.changed = map[types.ManagedObjectReference]map[string]bool{}
		w.known = map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool{}
		w.pending, w.last, w.moved = nil, nil, true
	}
	w.cancel = make(chan struct{})
	return w.cancel
}

// WaitForUpdatesEx answers at once for an empty version, else as soon as something changed.
func (p *propertyCollector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	body := &methods.WaitForUpdatesExBody{Res: &types.WaitForUpdatesExResponse{}}
	w := &p.watch
	fresh := req.Version == ""
	if !fresh && w.last != nil && req.Version == strconv.Itoa(w.version-1) {
		body.Res.Returnval = w.last
		return body
	}
	if !fresh && (w.wake == nil || req.Version != strconv.Itoa(w.version)) {
		return &methods.WaitForUpdatesExBody{Fault_: refusal(&types.InvalidCollectorVersion{})}
	}
	cancel := w.begin(fresh)
	if fresh {
		ctx.Map.AddHandler(p)
	}
	var limit <-chan time.Time
	page := defaultPage
	if o := req.Options; o != nil {
		if o.MaxWaitSeconds != nil {
			limit = time.After(time.Duration(*o.MaxWaitSeconds) * time.Second)
		}
		if o.MaxObjectUpdates > 0 {
			page = int(o.MaxObjectUpdates)
		}
	}
	for {
		if fault := p.look(ctx); fault != nil {
			return &methods.WaitForUpdatesExBody{Fault_: refusal(fault)}
		}
		if fresh || len(w.pending) > 0 {
			body.Res.Returnval = w.next(page)
			return body
		}
		select {
		case <-w.wake:
			time.Sleep(gather)
		case <-limit:
			return body
		case <-cancel:
			return &methods.WaitForUpdatesExBody{Fault_: refusal(&types.RequestCanceled{})}
		}
	}
}

// WaitForUpdates is WaitForUpdatesEx without options.
func (p *propertyCollector) WaitForUpdates(ctx *simulator.Context, req *types.WaitForUpdates) soap.HasFault {
	res := p.WaitForUpdatesEx(ctx, &types.WaitForUpdatesEx{This: req.This, Version: req.Version})
	body := &methods.WaitForUpdatesBody{Fault_: res.Fault()}
	if body.Fault_ == nil {
		body.Res = &types.WaitForUpdatesResponse{Returnval: *res.(*methods.WaitForUpdatesExBody).Res.Returnval}
	}
	return body
}

// next takes a page off what is pending.
func (w *watch) next(page int) *types.UpdateSet {
	w.version++
	set := &types.UpdateSet{Version: strconv.Itoa(w.version)}
	for page > 0 && len(w.pending) > 0 {
		update := w.pending[0]
		if n := len(update.ObjectSet); n <= page {
			w.pending = w.pending[1:]
		} else {
			w.pending[0].ObjectSet = update.ObjectSet[page:]
			update.ObjectSet = update.ObjectSet[:page]
		}
		page -= len(update.ObjectSet)
		set.FilterSet = append(set.FilterSet, update)
	}
	if truncated := len(w.pending) > 0; truncated {
		set.Truncated = &truncated
	}
	w.last = set
	return set
}

// look finds what is new since the last look, for every filter.
func (p *propertyCollector) look(ctx *simulator.Context) types.BaseMethodFault {
	w := &p.watch
	for _, ref := range p.Filter {
		if filter, ok := ctx.Session.Get(ref).(*simulator.PropertyFilter); ok {
			recount(ctx, []types.PropertyFilterSpec{filter.Spec})
		}
	}
	w.mutex.Lock()
	changed, moved := w.changed, w.moved
	w.changed, w.moved = map[types.ManagedObjectReference]map[string]bool{}, false
	w.mutex.Unlock()
	for _, ref := range p.Filter {
		filter, ok := ctx.Session.Get(ref).(*simulator.PropertyFilter)
		if !ok {
			continue
		}
		update := types.PropertyFilterUpdate{Filter: ref}
		known := w.known[ref]
		if moved || known == nil || touches(filter, changed) {
			members, fault := membersOf(ctx, filter)
			if fault != nil {
				return fault
			}
			update.ObjectSet = p.comeAndGone(ctx, filter, known, members)
			w.known[ref] = members
		}
		for object, names := range changed {
			if known[object] && w.known[ref][object] {
				update.ObjectSet = append(update.ObjectSet, p.modified(ctx, filter, object, names)...)
			}
		}
		if len(update.ObjectSet) > 0 {
			w.pending = append(w.pending, update)
		}
	}
	return nil
}

// touches tells whether a change is of a property that the filter's traversals follow.
func touches(filter *simulator.PropertyFilter, changed map[types.ManagedObjectReference]map[string]bool) bool {
	followed := map[string]bool{}
	var gatherPaths func([]types.BaseSelectionSpec)
	gatherPaths = func(set []types.BaseSelectionSpec) {
		for _, spec := range set {
			if traversal, ok := spec.(*types.TraversalSpec); ok {
				followed[traversal.Path] = true
				gatherPaths(traversal.SelectSet)
			}
		}
	}
	for _, object := range filter.Spec.ObjectSet {
		gatherPaths(object.SelectSet)
	}
	for _, names := range changed {
		for name := range names {
			if followed[name] {
				return true
			}
		}
	}
	return false
}

func membersOf(
	ctx *simulator.Context, filter *simulator.PropertyFilter,
) (map[types.ManagedObjectReference]bool, types.BaseMethodFault) {
	members := map[types.ManagedObjectReference]bool{}
	for _, spec := range filter.Spec.ObjectSet {
		found, fault := selectFrom(ctx, spec)
		if _, gone := fault.(*types.ManagedObjectNotFound); fault != nil && !gone {
			return nil, fault
		}
		for _, ref := range found {
			for _, wanted := range filter.Spec.PropSet {
				if object := ctx.Session.Get(ref); object != nil && isA(object, wanted.Type) {
					members[ref] = true
				}
			}
		}
	}
	return members, nil
}

func (p *propertyCollector) comeAndGone(
	ctx *simulator.Context, filter *simulator.PropertyFilter, known, members map[types.ManagedObjectReference]bool,
) []types.ObjectUpdate {
	var updates []types.ObjectUpdate
	for ref := range known {
		if !members[ref] {
			updates = append(updates, types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: ref})
		}
	}
	come := maps.Clone(members)
	maps.DeleteFunc(come, func(ref types.ManagedObjectReference, _ bool) bool { return known[ref] })
	for _, content := range p.read(ctx, filter.Spec.PropSet, come) {
		updates = append(updates, types.ObjectUpdate{
			Kind: types.ObjectUpdateKindEnter, Obj: content.Obj, ChangeSet: assignments(content),
			MissingSet: content.MissingSet,
		})
	}
	return updates
}

// modified reads those of the filter's properties that a change of these names is about.
func (p *propertyCollector) modified(
	ctx *simulator.Context, filter *simulator.PropertyFilter, ref types.ManagedObjectReference, names map[string]bool,
) []types.ObjectUpdate {
	var wanted []types.PropertySpec
	unset := map[string]bool{}
	object := ctx.Session.Get(ref)
	for _, spec := range filter.Spec.PropSet {
		if object == nil || !isA(object, spec.Type) {
			continue
		}
		paths := spec.PathSet
		if isTrue(spec.All) {
			paths = topLevel(names)
		}
		hit := types.PropertySpec{Type: spec.Type}
		for _, path := range paths {
			for name := range names {
				if overlap(path, name) && !unset[path] {
					unset[path] = true
					hit.PathSet = append(hit.PathSet, path)
				}
			}
		}
		if len(hit.PathSet) > 0 {
			wanted = append(wanted, hit)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	update := types.ObjectUpdate{Kind: types.ObjectUpdateKindModify, Obj: ref}
	for _, content := range p.read(ctx, wanted, map[types.ManagedObjectReference]bool{ref: true}) {
		update.ChangeSet = append(update.ChangeSet, assignments(content)...)
	}
	for _, change := range update.ChangeSet {
		delete(unset, change.Name)
	}
	for path := range unset {
		update.ChangeSet = append(update.ChangeSet, types.PropertyChange{
			Name: path, Op: types.PropertyChangeOpAssign,
		})
	}
	return []types.ObjectUpdate{update}
}

func (p *propertyCollector) read(
	ctx *simulator.Context, wanted []types.PropertySpec, objects map[types.ManagedObjectReference]bool,
) []types.ObjectContent {
	spec := types.PropertyFilterSpec{PropSet: wanted, ReportMissingObjectsInResults: types.NewBool(true)}
	for ref := range objects {
		spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: ref})
	}
	req := types.RetrieveProperties{SpecSet: []types.PropertyFilterSpec{spec}}
	body, ok := p.PropertyCollector.RetrieveProperties(ctx, &req).(*methods.RetrievePropertiesBody)
	if !ok || body.Res == nil {
		return nil
	}
	correct(body.Res.Returnval)
	return body.Res.Returnval
}

func assignments(content types.ObjectContent) []types.PropertyChange {
	changes := make([]types.PropertyChange, 0, len(content.PropSet))
	for _, property := range content.PropSet {
		changes = append(changes, types.PropertyChange{
			Name: property.Name, Op: types.PropertyChangeOpAssign, Val: property.Val,
		})
	}
	return changes
}

func topLevel(names map[string]bool) []string {
	top := map[string]bool{}
	for name := range names {
		first, _, _ := strings.Cut(name, ".")
		first, _, _ = strings.Cut(first, "[")
		top[first] = true
	}
	all := make([]string, 0, len(top))
	for name := range top {
		all = append(all, name)
	}
	return all
}

// overlap tells whether one is the other or a part of it: runtime and runtime.powerState, device and
// device[200].
func overlap(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.HasPrefix(b, a) && (len(a) == len(b) || b[len(a)] == '.' || b[len(a)] == '[')
}
