"""The rules by which a VM may be moved where someone wants, or is refused. Pure, without I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from polyvisor.vsphere.datastore import Datastore
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.machine import Disk, Machine
from polyvisor.vsphere.refusal import (
    AlreadyThere,
    DiskNotFound,
    HostNotFound,
    NotConnectedToEachOther,
    PlacementRefused,
    VolumeStays,
)
from polyvisor.vsphere.relocation import Move
from polyvisor.vsphere.wish import Target, Wish, resolve

AUTO: Final = "auto"
"""As host of a request: vCenter (DRS) chooses one."""


@dataclass(frozen=True, slots=True)
class Request:
    """Where a VM is to be moved. None: stays.

    Attributes:
        host: name, moref or id, or `AUTO`.
        datastore: name, moref or id, for the configuration file and all disks that are not volumes.
        disks: label or key of a disk, or id of its volume -> name, moref or id of its datastore.
        priority: default or high; what vCenter gives of the hosts' time for it.
    """

    host: str | None = None
    datastore: str | None = None
    disks: Mapping[str, str] = field(default_factory=dict)
    priority: str = "default"

    def within(self, vcenter: str) -> "Request":
        """Return what the request means in one vCenter; see `Wish.within`."""
        place = Wish(self.host, self.datastore).within(vcenter)
        disks = {disk: store.removeprefix(f"{vcenter}:") for disk, store in self.disks.items()}
        return replace(self, host=place.host, datastore=place.datastore, disks=disks)


@dataclass(frozen=True, slots=True)
class Ground:
    """What the cluster has to which a VM is to be moved.

    Attributes:
        hosts: all of them.
        datastores: all that they see; usable: those that a disk may be moved to.
        source: moref and name of the host that the VM is on.
        pool: the root resource pool, if this is not the cluster which the VM is in.
    """

    hosts: Sequence[Host]
    datastores: Sequence[Datastore]
    usable: Sequence[Datastore]
    source: tuple[str, str]
    pool: str | None = None

    def host(self, key: str | None) -> Host | None:
        """Find a host by its moref."""
        return next((host for host in self.hosts if host.moref == key), None)

    def resolve(self, wish: Wish, disk_bytes: int) -> Target:
        """Apply the rules for a place; see `resolve`."""
        return resolve(wish, self.hosts, self.usable, disk_bytes=disk_bytes)


def decide(machine: Machine, request: Request, ground: Ground) -> Move:
    """Apply the rules to a request.

    Into another cluster, a host that is not named is the one with most free memory of those that will do,
    and a datastore that is not named is the present one if the host sees it, else that with most free space.

    Raises:
        PlacementRefused: a subclass which says why not. `AlreadyThere` if there is nothing to move.
    """
    if ground.pool is None:
        if ground.host(ground.source[0]) is None:
            raise HostNotFound(f"VM {machine.name!r} is on no host of the cluster; has somebody moved it?")
        return _Decision(machine, request, ground).move()
    refusals: list[PlacementRefused] = []
    for attempt in _attempts(request, ground):
        try:
            return _Decision(machine, attempt, ground).move()
        except PlacementRefused as refusal:
            refusals.append(refusal)
    raise max(refusals, key=lambda refusal: refusal.rank)


def _attempts(request: Request, ground: Ground) -> Iterator[Request]:
    """Complete a request for another cluster: first as it is, then with other datastores."""
    hosts = [request.host] if request.host not in (None, AUTO) else _by_free_memory(ground.hosts)
    for host in hosts:
        yield replace(request, host=host)
    if request.datastore is None:
        for store in sorted(ground.usable, key=lambda store: store.free_bytes, reverse=True):
            for host in hosts:
                yield replace(request, host=host, datastore=store.moref)


def _by_free_memory(hosts: Sequence[Host]) -> list[str | None]:
    freest = sorted(hosts, key=lambda host: host.memory_used_bytes - host.memory_bytes)
    return [host.moref for host in freest]


class _Decision:
    """One request that names a host, `AUTO`, or none, in one cluster."""

    def __init__(self, machine: Machine, request: Request, ground: Ground) -> None:
        self._machine = machine
        self._request = request
        self._ground = ground
        chosen = None if request.host == AUTO else request.host
        self._target = ground.resolve(Wish(host=chosen), 0).host if chosen else None
        self._runs_on = self._target or (None if request.host == AUTO else ground.host(ground.source[0]))
        self._names = {store.moref: store.name for store in ground.datastores}

    def move(self) -> Move:
        named = self._named()
        disks = {disk.key: self._datastore_of(disk, named) for disk in self._machine.disks}
        home = self._home()
        moving = [disk for disk in self._machine.disks if disks[disk.key] != disk.datastore]
        self._check_room(disks, moving)
        source, _name = self._ground.source
        if self._target is not None and self._target.moref != source:
            self._check_reach(self._target, disks, home)
        elif not moving and home is None and self._request.host != AUTO:
            raise AlreadyThere(f"VM {self._machine.name!r} is there already, on host {_name!r}")
        return Move(
            vm=self._machine.moref,
            source=source,
            host=self._target.moref if self._target else None,
            pool=self._ground.pool or (self._machine.pool if self._request.host == AUTO else None),
            home=home,
            disks={str(key): store for key, store in disks.items()} if moving or home else {},
            priority=self._request.priority,
            summary="; ".join(self._summary(disks, home, moving)),
            tasks=sorted(self._machine.tasks),
            volumes={str(disk.key): disk.volume for disk in moving if disk.volume},
        )

    def _named(self) -> dict[int, str]:
        by_name = {disk.label: disk.key for disk in self._machine.disks}
        by_name |= {str(disk.key): disk.key for disk in self._machine.disks}
        by_name |= {disk.volume: disk.key for disk in self._machine.disks if disk.volume}
        unknown = sorted(self._request.disks.keys() - by_name.keys())
        if unknown:
            known = ", ".join(f"{disk.label!r}" for disk in self._machine.disks) or "none"
            raise DiskNotFound(f"the VM has no disk {unknown[0]!r}; it has {known}")
        return {by_name[name]: store for name, store in self._request.disks.items()}

    def _datastore_of(self, disk: Disk, named: Mapping[int, str]) -> str:
        """Give where a disk is to be: as it is named, with the others, or where it is."""
        if disk.key in named and disk.volume and disk.chained:
            raise VolumeStays(
                f"{disk.label!r} is a volume of Cinder and part of snapshots: leave it out, or delete the "
                "snapshots first"
            )
        if disk.key in named:
            return self._store(named[disk.key])
        if disk.volume or self._request.datastore is None:
            return disk.datastore
        return self._store(self._request.datastore)

    def _home(self) -> str | None:
        """Give where the configuration file is to be, None if it stays."""
        if self._request.datastore is None:
            return None
        store = self._store(self._request.datastore)
        return store if store != self._machine.home else None

    def _store(self, store: str, needed: int = 0) -> str:
        host = self._runs_on.moref if self._runs_on else None
        found = self._ground.resolve(Wish(host=host, datastore=store), needed).datastore
        assert found is not None  # noqa: S101 - for mypy: one was wished
        return found.moref

    def _check_room(self, disks: Mapping[int, str], moving: Sequence[Disk]) -> None:
        for store in {disks[disk.key] for disk in moving}:
            self._store(store, sum(disk.used_bytes for disk in moving if disks[disk.key] == store))

    def _check_reach(self, target: Host, disks: Mapping[int, str], home: str | None) -> None:
        """Refuse a host that does not see a datastore on which something stays."""
        seen = {
            store.moref
            for store in self._ground.datastores
            if any(mount.host == target.moref and mount.writable for mount in store.hosts)
        }
        for disk in self._machine.disks:
            if disks[disk.key] not in seen:
                way_out = "detach the volume, or name another host" if disk.volume else "name a datastore too"
                raise NotConnectedToEachOther(
                    f"ESXi host {target.name!r} cannot write to datastore {self._name(disk.datastore)} with "
                    f"{disk.label!r} on it; {way_out}"
                )
        if (home or self._machine.home) not in {*seen, None}:
            raise NotConnectedToEachOther(
                f"ESXi host {target.name!r} cannot write to the datastore of the VM's configuration; name a "
                "datastore too"
            )

    def _summary(self, disks: Mapping[int, str], home: str | None, moving: Sequence[Disk]) -> Iterator[str]:
        if self._request.host is not None:
            target = self._target.name if self._target else "one that vCenter chooses"
            yield f"host {self._ground.source[1]} to {target}"
        if home is not None:
            yield f"configuration {self._name(self._machine.home)} to {self._name(home)}"
        for disk in moving:
            yield f"{disk.label} {self._name(disk.datastore)} to {self._name(disks[disk.key])}"

    def _name(self, store: str | None) -> str:
        return self._names.get(store or "", store or "unknown")
