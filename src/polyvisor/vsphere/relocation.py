"""Moves a VM to another host, other datastores, or both, while it runs or not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.datastore import Datastore
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.machine import Disk, Machine, read_vm
from polyvisor.vsphere.refusal import (
    AlreadyThere,
    DiskNotFound,
    HostNotFound,
    NotConnectedToEachOther,
    VolumeStays,
)
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.wish import Wish, resolve

AUTO: Final = "auto"
"""As host of a request: vCenter (DRS) chooses one."""


@dataclass(frozen=True, slots=True)
class Request:
    """Where a VM is to be moved. None: stays.

    Attributes:
        host: name or moref, or `AUTO`.
        datastore: name or moref, for the configuration file and all disks that are not volumes.
        disks: label or key of a disk -> name or moref of its datastore.
        priority: default or high; what vCenter gives of the hosts' time for it.
    """

    host: str | None = None
    datastore: str | None = None
    disks: Mapping[str, str] = field(default_factory=dict)
    priority: str = "default"


@dataclass(frozen=True, slots=True)
class Move:
    """A request that the rules let through, in morefs. JSON-able.

    Attributes:
        source: the host that the VM is on.
        host: None: the present one, or vCenter's choice if `pool` is set.
        pool: whose hosts vCenter chooses from.
        home: of the configuration file.
        disks: key of each disk, as text -> its datastore; empty if nothing is moved between datastores.
        summary: the same in names.
    """

    vm: str
    source: str
    host: str | None
    pool: str | None
    home: str | None
    disks: Mapping[str, str]
    priority: str
    summary: str


def decide(
    machine: Machine,
    request: Request,
    hosts: Sequence[Host],
    datastores: Sequence[Datastore],
    usable: Sequence[Datastore],
) -> Move:
    """Apply the rules to a request. Pure, without I/O.

    Args:
        hosts: of the cluster.
        datastores: all that the cluster sees; of these are those that the VM is on.
        usable: those that a disk may be moved to.

    Raises:
        PlacementRefused: a subclass which says why not. `AlreadyThere` if there is nothing to move.
    """
    source = next((host for host in hosts if host.moref == machine.host), None)
    if source is None:
        raise HostNotFound(f"VM {machine.name!r} is on no host of the cluster; has somebody moved it?")
    chosen = None if request.host in (None, AUTO) else request.host
    target = resolve(Wish(host=chosen), hosts, usable, disk_bytes=0).host if chosen else None
    runs_on = target or (None if request.host == AUTO else source)
    wanted = _Wanted(request, machine, hosts, usable, runs_on)
    disks = {disk.key: wanted.datastore_of(disk) for disk in machine.disks}
    home = wanted.home()
    moves = home is not None or any(disks[disk.key] != disk.datastore for disk in machine.disks)
    wanted.check_room(disks)
    if target is not None and target.moref != source.moref:
        staying = {disks[disk.key] for disk in machine.disks} | {home or machine.home or ""}
        _check_reach(target, staying, datastores)
    elif not moves and request.host != AUTO:
        raise AlreadyThere(f"VM {machine.name!r} is there already: on host {source.name!r}")
    return Move(
        vm=machine.moref,
        source=source.moref,
        host=target.moref if target else None,
        pool=machine.pool if request.host == AUTO else None,
        home=home,
        disks={str(key): store for key, store in disks.items()} if moves else {},
        priority=request.priority,
        summary="; ".join([*_host_part(request, source, target), *wanted.moved(disks, datastores)]),
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a request says of datastores."""

    request: Request
    machine: Machine
    hosts: Sequence[Host]
    usable: Sequence[Datastore]
    runs_on: Host | None

    def datastore_of(self, disk: Disk) -> str:
        """Give where a disk is to be: as it is named, with the others, or where it is."""
        named = self._named().get(disk.key)
        if named is not None and disk.volume:
            raise VolumeStays(
                f"{disk.label!r} is a volume of Cinder, which must know where it is: move it by `openstack "
                "volume migrate` when it is detached, and leave it out here"
            )
        if named is None and (disk.volume or self.request.datastore is None):
            return disk.datastore
        return self._resolve(named or self.request.datastore, 0).moref

    def home(self) -> str | None:
        """Give where the configuration file is to be, None if it stays."""
        if self.request.datastore is None:
            return None
        store = self._resolve(self.request.datastore, 0)
        return store.moref if store.moref != self.machine.home else None

    def check_room(self, disks: Mapping[int, str]) -> None:
        """Refuse what does not fit together."""
        for store in set(disks.values()):
            needed = sum(
                disk.used_bytes
                for disk in self.machine.disks
                if disks[disk.key] == store and disk.datastore != store
            )
            if needed:
                self._resolve(store, needed)

    def moved(self, disks: Mapping[int, str], datastores: Sequence[Datastore]) -> Iterator[str]:
        """Say in names what changes its datastore."""
        names = {store.moref: store.name for store in datastores}
        if (home := self.home()) is not None:
            yield f"configuration {names.get(self.machine.home or '', 'unknown')} to {names[home]}"
        for disk in self.machine.disks:
            if disks[disk.key] != disk.datastore:
                yield f"{disk.label} {names.get(disk.datastore, 'unknown')} to {names[disks[disk.key]]}"

    def _named(self) -> dict[int, str]:
        by_name = {disk.label: disk.key for disk in self.machine.disks}
        by_name |= {str(disk.key): disk.key for disk in self.machine.disks}
        unknown = sorted(self.request.disks.keys() - by_name.keys())
        if unknown:
            known = ", ".join(f"{disk.label!r}" for disk in self.machine.disks) or "none"
            raise DiskNotFound(f"the VM has no disk {unknown[0]!r}; it has {known}")
        return {by_name[name]: store for name, store in self.request.disks.items()}

    def _resolve(self, store: str | None, needed: int) -> Datastore:
        host = self.runs_on.moref if self.runs_on else None
        found = resolve(Wish(host=host, datastore=store), self.hosts, self.usable, disk_bytes=needed)
        assert found.datastore is not None  # noqa: S101 - for mypy: one was wished
        return found.datastore


def _host_part(request: Request, source: Host, target: Host | None) -> Iterator[str]:
    if request.host is not None:
        yield f"host {source.name} to {target.name if target else 'one that vCenter chooses'}"


def _check_reach(target: Host, stores: set[str], datastores: Sequence[Datastore]) -> None:
    for store in datastores:
        mount = next((mount for mount in store.hosts if mount.host == target.moref), None)
        if store.moref in stores and (mount is None or not mount.writable):
            raise NotConnectedToEachOther(
                f"ESXi host {target.name!r} cannot write to datastore {store.name!r}, which the VM is on; "
                "name a datastore too, or another host"
            )


def start(session: Session, move: Move) -> Any:
    """Start the move and return its task.

    Source of facts: vSphere Web Services API, VirtualMachine.RelocateVM_Task and VirtualMachineRelocateSpec:
    without a host, but with a pool of a cluster, DRS chooses the host.

    Raises:
        Unreachable: nothing was asked.
        VSphereError: as `Session.call` does.
    """
    vm = session.managed_object(vim.VirtualMachine, move.vm)
    priority = f"{move.priority}Priority"
    return session.call(vm.RelocateVM_Task, _spec(session, move), priority)


def is_done(session: Session, move: Move) -> bool:
    """Look whether the VM is where the move was to bring it.

    Raises:
        NotFound: the VM is gone.
        VSphereError: as `Session.call` does.
    """
    machine = read_vm(session, move.vm)
    if move.host is not None and machine.host != move.host:
        return False
    if move.pool is not None and machine.host == move.source:
        return False
    if move.home is not None and machine.home != move.home:
        return False
    return all(move.disks.get(str(disk.key), disk.datastore) == disk.datastore for disk in machine.disks)


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
    )
