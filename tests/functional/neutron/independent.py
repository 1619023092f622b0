"""vCenter as a plain pyVmomi client sees it, to check the driver against something that is not ours."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from tests.functional.conftest import VCenter


class Client:
    """Looks things up by name, and does what an administrator would do by hand."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def find_all(self, kind: Any) -> dict[str, Any]:
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        try:
            return {entity.name: entity for entity in view.view}
        finally:
            view.Destroy()

    def end_other_sessions(self) -> None:
        """As an administrator ends them, or vCenter when they were idle."""
        manager = self.content.sessionManager
        own = manager.currentSession.key
        manager.TerminateSession([each.key for each in manager.sessionList if each.key != own])

    def disconnect(self, name: str) -> None:
        """Take a host from vCenter's reach."""
        wait(self.find_all(vim.HostSystem)[name].DisconnectHost_Task())

    def reconnect(self, name: str) -> None:
        """Give it back."""
        wait(self.find_all(vim.HostSystem)[name].ReconnectHost_Task())

    def port_group(self, name: str) -> Any:
        return self.find_all(vim.dvs.DistributedVirtualPortgroup).get(name)

    def some_vm(self) -> Any:
        return next(iter(self.find_all(vim.VirtualMachine).values()))

    def add_port_group(self, name: str, vlan_id: int, description: str = "") -> Any:
        """Make a port group by hand on the distributed switch."""
        policy = vim.dvs.VmwareDistributedVirtualSwitch
        spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            name=name,
            description=description,
            type="earlyBinding",
            defaultPortConfig=policy.VmwarePortConfigPolicy(
                vlan=policy.VlanIdSpec(inherited=False, vlanId=vlan_id)
            ),
        )
        wait(self.find_all(vim.DistributedVirtualSwitch)["dvs1"].AddDVPortgroup_Task([spec]))
        return self.port_group(name)

    def change_port_group(self, group: Any, vlan_id: int, description: str | None = None) -> None:
        """Give it another VLAN by hand."""
        policy = vim.dvs.VmwareDistributedVirtualSwitch
        vlan = policy.VlanIdSpec(inherited=False, vlanId=vlan_id)
        spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            configVersion=group.config.configVersion,
            description=description,
            defaultPortConfig=policy.VmwarePortConfigPolicy(vlan=vlan),
        )
        wait(group.ReconfigureDVPortgroup_Task(spec))

    def standard_port_groups(self, name: str) -> dict[str, Any]:
        """Host -> specification of its standard port group of that name."""
        return {
            host: group.spec
            for host, found in self.find_all(vim.HostSystem).items()
            for group in found.config.network.portgroup
            if group.spec.name == name
        }

    def add_standard_port_group(self, host: str, name: str, vlan_id: int) -> None:
        self._networking(host).AddPortGroup(_standard(name, vlan_id))

    def change_standard_port_group(self, host: str, name: str, vlan_id: int) -> None:
        self._networking(host).UpdatePortGroup(name, _standard(name, vlan_id))

    def remove_standard_port_group(self, host: str, name: str) -> None:
        self._networking(host).RemovePortGroup(name)

    def _networking(self, host: str) -> Any:
        return self.find_all(vim.HostSystem)[host].configManager.networkSystem

    @contextmanager
    def disconnected(self, name: str) -> Iterator[None]:
        """Take a host from vCenter's reach, and give it back."""
        self.disconnect(name)
        try:
            yield
        finally:
            self.reconnect(name)

    def vm_on(self, host: str) -> Any:
        """Some VM of that host: one is moved there if it has none."""
        found = self.find_all(vim.HostSystem)[host]
        for vm in self.find_all(vim.VirtualMachine).values():
            if vm.runtime.host == found:
                return vm
        raise AssertionError(f"no VM on {host}")

    @contextmanager
    def host_off_the_switch(self, name: str) -> Iterator[None]:
        """Take a host off the distributed switch, and put it back."""
        self._reconfigure_switch("remove", name)
        try:
            yield
        finally:
            self._reconfigure_switch("add", name)

    def add_standard_switch(self, name: str, cluster: str) -> None:
        """Make another standard switch by hand, on each host of a cluster."""
        for host in self.find_all(vim.ClusterComputeResource)[cluster].host:
            self._networking(host.name).AddVirtualSwitch(
                name, vim.host.VirtualSwitch.Specification(numPorts=128)
            )

    def add_switch(self, name: str, cluster: str) -> None:
        """Make another distributed switch by hand, for the hosts of a cluster."""
        spec = vim.DistributedVirtualSwitch.ConfigSpec(name=name)
        folder = self.find_all(vim.Datacenter)["dc1"].networkFolder
        wait(folder.CreateDVS_Task(vim.DistributedVirtualSwitch.CreateSpec(configSpec=spec)))
        for host in self.find_all(vim.ClusterComputeResource)[cluster].host:
            self._reconfigure_switch("add", host.name, name)

    def _reconfigure_switch(self, operation: str, host: str, name: str = "dvs1") -> None:
        switch = self.find_all(vim.DistributedVirtualSwitch)[name]
        member = vim.dvs.HostMember.ConfigSpec(operation=operation, host=self.find_all(vim.HostSystem)[host])
        wait(
            switch.ReconfigureDvs_Task(
                vim.DistributedVirtualSwitch.ConfigSpec(
                    configVersion=switch.config.configVersion, host=[member]
                )
            )
        )

    def attach(self, group: Any) -> Any:
        """Add a NIC on the port group to some VM; give what `detach` takes."""
        vm = self.some_vm()
        port = vim.dvs.PortConnection(
            portgroupKey=group.key, switchUuid=group.config.distributedVirtualSwitch.uuid
        )
        backing = vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)
        return self._attach(vm, backing)

    def attach_standard(self, vm: Any, name: str) -> Any:
        """Add a NIC on the standard port group of that name."""
        return self._attach(vm, vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=name))

    def _attach(self, vm: Any, backing: Any) -> Any:
        card = vim.vm.device.VirtualVmxnet3(key=-1, backing=backing)
        before = {device.key for device in vm.config.hardware.device}
        self._reconfigure(vm, "add", card)
        return vm, next(device for device in vm.config.hardware.device if device.key not in before)

    def detach(self, attached: Any) -> None:
        self._reconfigure(attached[0], "remove", attached[1])

    def _reconfigure(self, vm: Any, operation: str, device: Any) -> None:
        change = vim.vm.device.VirtualDeviceSpec(operation=operation, device=device)
        wait(vm.ReconfigVM_Task(vim.vm.ConfigSpec(deviceChange=[change])))


def _standard(name: str, vlan_id: int) -> Any:
    return vim.host.PortGroup.Specification(
        name=name, vlanId=vlan_id, vswitchName="vSwitch0", policy=vim.host.NetworkPolicy()
    )


def wait(task: Any) -> None:
    """Ask until the task has ended; each question is a call, so this does not spin."""
    while (state := task.info.state) in {"queued", "running"}:
        continue
    if state == "error":
        raise task.info.error


@contextmanager
def client(vcenter: VCenter) -> Iterator[Client]:
    """Log in beside the driver."""
    instance = SmartConnect(  # type: ignore[no-untyped-call]  # pyVmomi has no types
        host=vcenter.host,
        port=vcenter.port,
        user=vcenter.username,
        pwd=vcenter.password,
        sslContext=ssl.create_default_context(cafile=vcenter.ca_file),
    )
    try:
        yield Client(instance.content)
    finally:
        Disconnect(instance)  # type: ignore[no-untyped-call]
