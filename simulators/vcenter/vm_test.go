package main

import (
	"slices"
	"testing"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func (l *lab) powerOn(vm *object.VirtualMachine, host *object.HostSystem) (*object.Task, error) {
	req := types.PowerOnVM_Task{This: vm.Reference()}
	if host != nil {
		ref := host.Reference()
		req.Host = &ref
	}
	res, err := methods.PowerOnVM_Task(l.ctx, l.client, &req)
	if err != nil {
		return nil, err
	}
	return object.NewTask(l.client, res.Returnval), nil
}

func TestPowerOnHost(t *testing.T) {
	l := newLab(t)
	local := l.create("cluster1", l.host("esx11"), vmSpec("local", "esx11-local", gb, true, ""))
	for name, c := range map[string]struct {
		vm           *object.VirtualMachine
		host, wanted string
	}{
		"none: stays":                  {nil, "", "esx11"},
		"another: moves":               {nil, "esx12", "esx12"},
		"one without its disks: stays": {local, "esx12", "esx11"},
	} {
		t.Run(name, func(t *testing.T) {
			vm := c.vm
			if vm == nil {
				vm = l.create("cluster1", l.host("esx11"), vmSpec(name, "shared1", gb, true, ""))
			}
			var host *object.HostSystem
			if c.host != "" {
				host = l.host(c.host)
			}
			l.done(l.powerOn(vm, host))
			if got := l.hostOf(vm); got != c.wanted {
				t.Errorf("on %s, want %s", got, c.wanted)
			}
			var h mo.HostSystem
			l.read(l.host(c.wanted), &h, "vm")
			if !slices.Contains(h.Vm, vm.Reference()) {
				t.Errorf("%s does not list the VM", c.wanted)
			}
		})
	}
	other := l.create("cluster1", nil, vmSpec("other", "shared1", gb, true, ""))
	task, err := l.powerOn(other, l.host("esx21"))
	l.failed(task, err, &types.InvalidArgument{})
}

func TestRuntimeHasEveryRequiredProperty(t *testing.T) {
	l := newLab(t)
	var vm mo.VirtualMachine
	l.read(l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, "")), &vm, "runtime", "summary.runtime")
	if vm.Runtime.FaultToleranceState == "" || vm.Runtime.RecordReplayState == "" {
		t.Errorf("empty enumerations in %+v", vm.Runtime)
	}
}

func TestMACAddressesAreUnique(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("source", "shared1", gb, true, "VLAN 10"))
	folders, err := l.dc.Folders(l.ctx)
	l.must(err)
	info := l.done(vm.Clone(l.ctx, folders.VmFolder, "clone", types.VirtualMachineCloneSpec{}))
	clone := object.NewVirtualMachine(l.client, info.Result.(types.ManagedObjectReference))
	source, copied := l.mac(vm), l.mac(clone)
	if source == "" || source == copied {
		t.Errorf("source has %q, clone %q", source, copied)
	}
}

func (l *lab) mac(vm *object.VirtualMachine) string {
	l.Helper()
	devices, err := vm.Device(l.ctx)
	l.must(err)
	card := devices.SelectByType((*types.VirtualEthernetCard)(nil))[0]
	return card.(types.BaseVirtualEthernetCard).GetVirtualEthernetCard().MacAddress
}

func TestReconfigureRefusesADeviceThatIsNotThere(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", nil, vmSpec("vm", "shared1", gb, true, "VLAN 10"))
	task, err := vm.Reconfigure(l.ctx, types.VirtualMachineConfigSpec{
		DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationRemove,
			Device:    &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: types.VirtualEthernetCard{VirtualDevice: types.VirtualDevice{Key: 9999}}}},
		}},
	})
	l.failed(task, err, &types.InvalidDeviceSpec{})
}

func TestReconfigureOneVersionOnce(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("versioned", "shared1", gb, true, ""))
	var found mo.VirtualMachine
	l.read(vm, &found, "config.changeVersion", "config.instanceUuid")
	spec := types.VirtualMachineConfigSpec{ChangeVersion: found.Config.ChangeVersion, Annotation: "first"}
	l.done(vm.Reconfigure(l.ctx, spec))
	spec.Annotation = "second"
	task, err := vm.Reconfigure(l.ctx, spec)
	l.failed(task, err, &types.ConcurrentAccess{})
	l.read(vm, &found, "config.annotation")
	if found.Config.Annotation != "first" {
		t.Errorf("annotation is %q", found.Config.Annotation)
	}
}

func TestControllersListTheDevicesThatThereAre(t *testing.T) {
	l := newLab(t)
	vm := l.create("cluster1", l.host("esx11"), vmSpec("vm", "shared1", gb, true, ""))
	before := l.controlled(vm)
	devices, err := vm.Device(l.ctx)
	l.must(err)
	nic, err := devices.CreateEthernetCard("vmxnet3", &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: standardPortGroup(10)},
	})
	l.must(err)
	l.must(vm.AddDevice(l.ctx, nic))
	devices, err = vm.Device(l.ctx)
	l.must(err)
	added := devices.SelectByType((*types.VirtualVmxnet3)(nil))
	l.must(vm.RemoveDevice(l.ctx, false, added[len(added)-1]))
	if after := l.controlled(vm); !slices.Equal(after, before) {
		t.Errorf("controllers list %v, listed %v before", after, before)
	}
}

// controlled gives the keys that the controllers of a VM list.
func (l *lab) controlled(vm *object.VirtualMachine) []int32 {
	devices, err := vm.Device(l.ctx)
	l.must(err)
	var keys []int32
	for _, device := range devices {
		if controller, is := device.(types.BaseVirtualController); is {
			keys = append(keys, controller.GetVirtualController().Device...)
		}
	}
	return keys
}
