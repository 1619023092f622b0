package main

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// A host that can hold the flavors people use; govmomi's template has 2 cores and 4 GB.
const (
	hostPackages    = 2
	hostCores       = 32
	hostThreads     = 64
	hostMHz         = 2600
	hostMemoryBytes = 512 << 30
)

func (i *inventory) createHost(cluster *simulator.ClusterComputeResource, name string) error {
	body := cluster.AddHostTask(i.ctx, &types.AddHost_Task{
		This: cluster.Self, Spec: types.HostConnectSpec{HostName: name}, AsConnected: true,
	})
	result, err := i.task(body.(*methods.AddHost_TaskBody).Res.Returnval)
	if err != nil {
		return err
	}
	host := i.registry().Get(result.(types.ManagedObjectReference)).(*simulator.HostSystem)
	i.sizeHost(cluster, host)
	i.wireHost(host)
	return i.joinSwitch(host)
}

func (i *inventory) sizeHost(cluster *simulator.ClusterComputeResource, host *simulator.HostSystem) {
	hardware := host.Summary.Hardware
	total := cluster.Summary.GetComputeResourceSummary()
	total.TotalCpu += hostCores*hostMHz - hardware.CpuMhz
	total.EffectiveCpu += hostCores*hostMHz - hardware.CpuMhz
	total.NumCpuCores += hostCores - hardware.NumCpuCores
	total.NumCpuThreads += hostThreads - hardware.NumCpuThreads
	total.TotalMemory += hostMemoryBytes - hardware.MemorySize
	total.EffectiveMemory = total.TotalMemory >> 20 // the API has this one in MB

	hardware.NumCpuPkgs, hardware.NumCpuCores, hardware.NumCpuThreads = hostPackages, hostCores, hostThreads
	hardware.CpuMhz, hardware.MemorySize = hostMHz, hostMemoryBytes
	hardware.Uuid = i.uuid()
	host.Hardware.SystemInfo.Uuid = hardware.Uuid
	host.Hardware.MemorySize = hostMemoryBytes
	host.Hardware.CpuInfo = types.HostCpuInfo{
		NumCpuPackages: hostPackages, NumCpuCores: hostCores, NumCpuThreads: hostThreads, Hz: hostMHz * 1e6,
	}
	host.Summary.OverallStatus = types.ManagedEntityStatusGreen
}

// wireHost makes the network system and the host's configuration one and the same, as they are on ESXi.
func (i *inventory) wireHost(host *simulator.HostSystem) {
	network := host.Config.Network
	for n := range network.Pnic {
		network.Pnic[n].Mac = fmt.Sprintf("00:25:90:%02x:%02x:%02x", i.random.Intn(256), i.random.Intn(256), n)
	}
	i.networkSystem(host).NetworkInfo = network
}

func (i *inventory) networkSystem(host *simulator.HostSystem) *simulator.HostNetworkSystem {
	return i.registry().Get(*host.ConfigManager.NetworkSystem).(*simulator.HostNetworkSystem)
}
