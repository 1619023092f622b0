package main

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func serviceInstance(r *simulator.Registry) *simulator.ServiceInstance {
	return r.Get(vim25.ServiceInstance).(*simulator.ServiceInstance)
}

// route sees every call before its object does.
func route(*simulator.Context, *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	return nil, nil
}
