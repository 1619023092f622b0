"""Moves a VM to another host, other datastores, or both, running or not. The rules: `relocation_rules`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import InvalidState, NotFound, NotSupported
from polyvisor.vsphere.inventory import retrieve
from polyvisor.vsphere.machine import read_vm
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.task import wait_for_task

_DEVICES: Final = "config.hardware.device"


@dataclass(frozen=True, slots=True)
class PortGroup:
    """What a NIC is to be connected to.

    Attributes:
        key: of a distributed port group; the name of a standard one.
        switch: UUID of the distributed switch; None for a standard one.
    """

    key: str
    switch: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """What `relocation_rules.decide` has let through, in morefs. JSON-able.

    Attributes:
        source: the host that the VM is on.
        host: None: the present one, or vCenter's choice if `pool` is set.
        pool: whose hosts vCenter chooses from; required for a host of another cluster.
        home: of the configuration file, if it moves.
        disks: key of each disk, as text -> its datastore; empty if nothing is moved between datastores.
        priority: default or high.
        summary: the same in names.
        tasks: of the VM, before this one: morefs.
        volumes: key of each disk that is moved and is a volume of Cinder, as text -> id of the volume.
        nics: MAC address -> `asdict(PortGroup)`, for those that get another one.
    """

    vm: str
    source: str
    host: str | None
    pool: str | None
    home: str | None
    disks: Mapping[str, str]
    priority: str
    summary: str
    tasks: Sequence[str] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    nics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def start(session: Session, move: Move) -> Any:
    """Start the move and return its task.

    Source of facts: vSphere Web Services API, VirtualMachine.RelocateVM_Task and VirtualMachineRelocateSpec:
    without a host, but with a pool of a cluster, DRS chooses the host.

    Raises:
        InvalidState: the VM has no NIC of an address that is to be connected elsewhere.
        Unreachable: nothing was asked.
        VSphereError: as `Session.call` does.
    """
    vm = session.managed_object(vim.VirtualMachine, move.vm)
    return session.call(vm.RelocateVM_Task, _spec(session, move), f"{move.priority}Priority")


def check(session: Session, move: Move, *, timeout: float) -> list[str]:
    """Have vCenter check a move without doing it.

    Source of facts: vSphere Web Services API, VirtualMachineProvisioningChecker.CheckRelocate_Task.

    Returns:
        The reasons why it would fail, in vCenter's words; none too if vCenter does not offer the check.

    Raises:
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    checker = session.content.vmProvisioningChecker
    if checker is None:
        return []
    vm = session.managed_object(vim.VirtualMachine, move.vm)
    try:
        task = session.call(checker.CheckRelocate_Task, vm, _spec(session, move), None)
        results = wait_for_task(session, task, timeout=timeout)
    except NotSupported:
        return []
    return [_words(fault) for result in results or () for fault in result.error or ()]


def is_done(session: Session, move: Move) -> bool:
    """Look whether the VM is where the move was to bring it.

    Raises:
        NotFound: the VM is gone.
        VSphereError: as `Session.call` does.
    """
    machine = read_vm(session, move.vm)
    if move.host is None and move.pool is not None and machine.host == move.source:
        return False
    return (
        move.host in (None, machine.host)
        and move.home in (None, machine.home)
        and all(move.disks.get(str(disk.key), disk.datastore) == disk.datastore for disk in machine.disks)
    )


def read_host_name(session: Session, host: str) -> str:
    """Read the name of a host of whatever cluster.

    Raises:
        NotFound: there is no such host.
        VSphereError: as `Session.call` does.
    """
    found = retrieve(session, object_filter(session.managed_object(vim.HostSystem, host), ["name"]))
    if host not in found:
        raise NotFound(f"{session.endpoint}: there is no host {host}")
    return str(found[host]["name"])


def read_root_pool(session: Session, cluster: str) -> str:
    """Read the moref of the resource pool that holds all others of a cluster.

    Raises:
        NotFound: there is no such cluster.
        VSphereError: as `Session.call` does.
    """
    owner = session.managed_object(vim.ClusterComputeResource, cluster)
    found = retrieve(session, object_filter(owner, ["resourcePool"]))
    if cluster not in found:
        raise NotFound(f"{session.endpoint}: there is no cluster {cluster}")
    return moref(found[cluster]["resourcePool"])


def _spec(session: Session, move: Move) -> Any:
    def datastore(key: str) -> Any:
        return session.managed_object(vim.Datastore, key)

    locators = [
        vim.vm.RelocateSpec.DiskLocator(diskId=int(key), datastore=datastore(store))
        for key, store in move.disks.items()
    ]
    return vim.vm.RelocateSpec(
        host=session.managed_object(vim.HostSystem, move.host) if move.host else None,
        pool=session.managed_object(vim.ResourcePool, move.pool) if move.pool else None,
        datastore=datastore(move.home) if move.home else None,
        disk=locators,
        deviceChange=list(_connections(session, move)) if move.nics else [],
    )


def _connections(session: Session, move: Move) -> Iterator[Any]:
    vm = session.managed_object(vim.VirtualMachine, move.vm)
    devices = retrieve(session, object_filter(vm, [_DEVICES])).get(move.vm, {}).get(_DEVICES, ())
    cards = {
        str(device.macAddress).lower(): device
        for device in devices
        if isinstance(device, vim.vm.device.VirtualEthernetCard)
    }
    for address, port_group in move.nics.items():
        card = cards.get(address.lower())
        if card is None:
            raise InvalidState(f"{session.endpoint}: VM {move.vm} has no NIC with address {address}")
        card.backing = _backing(PortGroup(**port_group))
        yield vim.vm.device.VirtualDeviceSpec(operation="edit", device=card)


def _backing(port_group: PortGroup) -> Any:
    if port_group.switch is None:
        return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=port_group.key)
    port = vim.dvs.PortConnection(switchUuid=port_group.switch, portgroupKey=port_group.key)
    return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(port=port)


def _words(fault: Any) -> str:
    return str(fault.localizedMessage or type(fault.fault).__name__)
