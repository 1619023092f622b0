package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// objects changes what no call of the API changes, and what happens to a real vCenter all the same: a VM becomes
// orphaned, a host stops answering, a guest gets an address. It is for tests only.
type objects struct{ inventory *inventory }

type objectPatch struct {
	Object     string         `json:"object"` // moref, or a name that only one has
	Properties map[string]any `json:"properties"`
}

// ServeHTTP takes a PATCH.
func (o *objects) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var patch objectPatch
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if r.Method != http.MethodPatch {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if err := decoder.Decode(&patch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	object, err := o.find(patch.Object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	ctx := *o.inventory.ctx // a lock belongs to a context
	for name, value := range patch.Properties {
		if err := o.change(&ctx, object, name, value); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (o *objects) find(name string) (mo.Entity, error) {
	var found []mo.Entity
	for _, entity := range o.inventory.registry().All("") {
		if entity.Reference().Value == name || nameOf(entity) == name {
			found = append(found, entity)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d objects are called %q", len(found), name)
	}
	return found[0], nil
}

// change sets one property, and what repeats it.
func (o *objects) change(ctx *simulator.Context, object mo.Entity, name string, value any) error {
	host, isHost := object.(*simulator.HostSystem)
	if state, isText := value.(string); isHost && isText && name == "runtime.connectionState" {
		vms := types.VirtualMachineConnectionStateDisconnected
		if state == string(types.HostSystemConnectionStateConnected) {
			vms = types.VirtualMachineConnectionStateConnected
		}
		m := &hostMethods{inventory: o.inventory}
		m.setConnection(ctx, host, types.HostSystemConnectionState(state), vms)
		return nil
	}
	if err := setProperty(ctx, object, name, value); err != nil {
		return err
	}
	if first, _, _ := strings.Cut(name, "."); slices.Contains([]string{"runtime", "config", "guest"}, first) {
		_ = setProperty(ctx, object, "summary."+name, value) // the summary has some of them
	}
	return nil
}

// setProperty is set for what a client sent: there may be no such property, or one of another type.
func setProperty(ctx *simulator.Context, object mo.Reference, name string, value any) error {
	blank := reflect.New(managed(object).Type())
	blank.Elem().FieldByName("Self").Set(reflect.ValueOf(object.Reference()))
	if err := try(blank.Interface().(mo.Reference), name, value); err != nil {
		return fmt.Errorf("%s of %s: %w", name, object.Reference(), err)
	}
	set(ctx, object, map[string]types.AnyType{name: value})
	return nil
}

// try sets a property of an object that nobody has: govmomi panics if it cannot, with the object's lock held.
func try(blank mo.Reference, name string, value any) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	mo.ApplyPropertyChange(blank, []types.PropertyChange{{Name: name, Val: value, Op: types.PropertyChangeOpAssign}})
	return nil
}
