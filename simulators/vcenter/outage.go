package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// outage is a datastore that hosts have mounted but cannot reach: what vSphere calls all paths down. The API
// has no call for it, since nobody asks for it.
type outage struct {
	Datastore string `json:"datastore"`
	Host      string `json:"host,omitempty"`      // all hosts if empty
	Unmounted bool   `json:"unmounted,omitempty"` // somebody unmounted it, which is no fault of the storage
}

// outages are those in force.
type outages struct {
	inventory *inventory
	mutex     sync.Mutex
	list      []outage
}

// ServeHTTP shows (GET), replaces (PUT) and ends (DELETE) the outages.
func (o *outages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	var content struct {
		Outages []outage `json:"outages"`
	}
	switch r.Method {
	case http.MethodPut:
		if err := json.NewDecoder(r.Body).Decode(&content); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := o.check(content.Outages); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.apply(content.Outages)
	case http.MethodDelete:
		o.apply(nil)
	case http.MethodGet:
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"outages": append([]outage{}, o.list...)})
}

func (o *outages) check(list []outage) error {
	for _, each := range list {
		mounted := slices.ContainsFunc(o.inventory.datastores(), func(ds *simulator.Datastore) bool {
			return ds.Name == each.Datastore && slices.ContainsFunc(ds.Host, func(m types.DatastoreHostMount) bool {
				return each.Host == "" || o.hostName(m) == each.Host
			})
		})
		if !mounted {
			return fmt.Errorf("no datastore %q on host %q", each.Datastore, each.Host)
		}
	}
	return nil
}

func (o *outages) hostName(mount types.DatastoreHostMount) string {
	return get[*simulator.HostSystem](o.inventory.registry(), mount.Key).Name
}

func (o *outages) apply(list []outage) {
	o.list = list
	ctx := *o.inventory.ctx
	for _, ds := range o.inventory.datastores() {
		mounts := slices.Clone(ds.Host)
		for n := range mounts {
			at := slices.IndexFunc(list, func(each outage) bool {
				return each.Datastore == ds.Name && (each.Host == "" || each.Host == o.hostName(mounts[n]))
			})
			down, unmounted := at >= 0, at >= 0 && list[at].Unmounted
			mounts[n].MountInfo.Mounted = types.NewBool(!unmounted)
			mounts[n].MountInfo.Accessible = types.NewBool(!down)
			mounts[n].MountInfo.InaccessibleReason = ""
			if down && !unmounted {
				mounts[n].MountInfo.InaccessibleReason = string(types.HostMountInfoInaccessibleReasonAllPathsDown_Start)
			}
		}
		ctx.WithLock(ds, func() { set(&ctx, ds, map[string]types.AnyType{"host": mounts}) })
		o.inventory.setAccessible(&ctx, ds)
	}
}
