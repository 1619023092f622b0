"""The rules by which a cluster takes a VM on the host and the datastore that someone wants, or refuses it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from polyvisor.vsphere.datastore import Datastore, Mount
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.naming import is_named
from polyvisor.vsphere.refusal import (
    DatastoreAmbiguous,
    DatastoreInaccessible,
    DatastoreInMaintenance,
    DatastoreNotFound,
    DatastoreTooSmall,
    HostAmbiguous,
    HostInMaintenance,
    HostNotConnected,
    HostNotFound,
    NoDatastoreWithRoom,
    NotConnectedToEachOther,
    NoUsableDatastore,
    NoUsableHost,
    PlacementRefused,
)

T = TypeVar("T", Host, Datastore)
_GIB: Final = 1024**3


@dataclass(frozen=True, slots=True)
class Wish:
    """The host and the datastore that someone wants, each by name, moref or id; None is no wish.

    An id, ``<vCenter UUID>:<moref>``, is the only one of them that no other vCenter has.
    """

    host: str | None = None
    datastore: str | None = None

    def within(self, vcenter: str) -> "Wish":
        """Return what the wish means in one vCenter: ids of it become morefs, those of others fit nothing."""
        host, datastore = (
            wanted and wanted.removeprefix(f"{vcenter}:") for wanted in (self.host, self.datastore)
        )
        return Wish(host, datastore)


@dataclass(frozen=True, slots=True)
class Target:
    """What a wish means in one cluster. What was not wished stays None: nothing is chosen here."""

    host: Host | None
    datastore: Datastore | None


def resolve(wish: Wish, hosts: Sequence[Host], datastores: Sequence[Datastore], *, disk_bytes: int) -> Target:
    """Find what a wish means in a cluster, and whether a VM can be made there now.

    An exact moref wins over a name. Names are compared exactly, because vCenter lets names which differ
    only in case stand side by side. ``/``, ``\\`` and ``%`` may be written plain or as vCenter escapes them.

    Args:
        hosts: all hosts of the cluster.
        datastores: those of its datastores that may be used.
        disk_bytes: what the VM's disks may grow to.

    Raises:
        PlacementRefused: a subclass which says why not.
    """
    some_hosts = named(wish.host, hosts)
    some_datastores = named(wish.datastore, datastores)
    target = Target(_single(some_hosts), _single(some_datastores))
    try:
        _check_host_name(wish.host, some_hosts)
        _check_datastore_name(wish.datastore, some_datastores)
        _check_target(target, hosts, datastores, disk_bytes)
    except PlacementRefused as refusal:
        refusal.host, refusal.datastore = target.host, target.datastore
        raise
    return target


def named(wanted: str | None, items: Sequence[T]) -> list[T]:
    """Find the hosts or datastores that someone means, who gives a moref or a name."""
    if wanted is None:
        return []
    return (
        [item for item in items if item.moref == wanted]
        or [item for item in items if item.name == wanted]
        or [item for item in items if is_named(item.name, wanted)]
    )


def _single(items: Sequence[T]) -> T | None:
    return items[0] if len(items) == 1 else None


def _check_host_name(wanted: str | None, found: Sequence[Host]) -> None:
    if wanted is None:
        return
    if not found:
        raise HostNotFound(
            f"ESXi host {wanted!r} is not in the cluster; give a host's name exactly as vCenter shows it, "
            "or its moref"
        )
    if len(found) > 1:
        raise HostAmbiguous(
            f"several ESXi hosts are named {wanted!r}; give the moref, one of {_morefs(found)}"
        )


def _check_datastore_name(wanted: str | None, found: Sequence[Datastore]) -> None:
    if wanted is None:
        return
    if not found:
        raise DatastoreNotFound(
            f"datastore {wanted!r} is not in the cluster; give a datastore's name exactly as vCenter shows "
            "it, or its moref"
        )
    if len(found) > 1:
        raise DatastoreAmbiguous(
            f"several datastores are named {wanted!r}; give the moref, one of {_morefs(found)}"
        )


def _morefs(items: Sequence[Host] | Sequence[Datastore]) -> str:
    return ", ".join(item.moref for item in items)


def _check_target(
    target: Target, hosts: Sequence[Host], datastores: Sequence[Datastore], disk_bytes: int
) -> None:
    if target.host and target.datastore:
        _check_both(target.host, target.datastore, disk_bytes)
    elif target.host:
        _check_only_host(target.host, datastores, disk_bytes)
    elif target.datastore:
        _check_only_datastore(target.datastore, hosts, disk_bytes)


def _check_both(host: Host, datastore: Datastore, disk_bytes: int) -> None:
    mount = _mount(host, datastore)
    if mount is None:
        _refuse_pair(host, datastore, "the host does not mount the datastore")
    _check_host(host)
    _check_datastore(datastore)
    if not mount.writable:
        why = "read-only" if mount.read_only else "not accessible"
        _refuse_pair(host, datastore, f"the datastore is {why} for the host")
    _check_room(datastore, disk_bytes)


def _check_only_host(host: Host, datastores: Sequence[Datastore], disk_bytes: int) -> None:
    _check_host(host)
    usable = [item for item in datastores if _is_usable(item) and _can_write(host, item)]
    if not usable:
        raise NoUsableDatastore(
            f"ESXi host {host.name!r} can write to no datastore that is accessible and not in maintenance; "
            "name another host"
        )
    if not any(item.free_bytes >= disk_bytes for item in usable):
        largest = max(item.free_bytes for item in usable)
        raise NoDatastoreWithRoom(
            f"the disks need {_needed(disk_bytes)}, and no datastore of ESXi host {host.name!r} has more "
            f"than {_free(largest)} free; name another host or take smaller disks"
        )


def _check_only_datastore(datastore: Datastore, hosts: Sequence[Host], disk_bytes: int) -> None:
    _check_datastore(datastore)
    if not any(_is_running(host) and _can_write(host, datastore) for host in hosts):
        raise NoUsableHost(
            f"no ESXi host of the cluster that is connected and not in maintenance can write to datastore "
            f"{datastore.name!r}; name another datastore"
        )
    _check_room(datastore, disk_bytes)


def _check_host(host: Host) -> None:
    if host.connection_state != "connected" or host.power_state != "poweredOn":
        raise HostNotConnected(
            f"ESXi host {host.name!r} cannot run VMs now: it is {host.connection_state}, {host.power_state}; "
            "name another host"
        )
    if host.maintenance:
        raise HostInMaintenance(f"ESXi host {host.name!r} is in maintenance mode; name another host")


def _check_datastore(datastore: Datastore) -> None:
    if not datastore.accessible:
        raise DatastoreInaccessible(f"no host reaches datastore {datastore.name!r}; name another datastore")
    if datastore.maintenance != "normal":
        state = "in" if datastore.maintenance == "in" else "entering"
        raise DatastoreInMaintenance(
            f"datastore {datastore.name!r} is {state} maintenance mode; name another datastore"
        )


def _check_room(datastore: Datastore, disk_bytes: int) -> None:
    if datastore.free_bytes < disk_bytes:
        raise DatastoreTooSmall(
            f"the disks need {_needed(disk_bytes)}, and datastore {datastore.name!r} has "
            f"{_free(datastore.free_bytes)} free; name another datastore or take smaller disks"
        )


def _refuse_pair(host: Host, datastore: Datastore, why: str) -> NoReturn:
    raise NotConnectedToEachOther(
        f"ESXi host {host.name!r} and datastore {datastore.name!r} are not connected to each other: {why}; "
        "name another of the two"
    )


def _is_running(host: Host) -> bool:
    return host.connection_state == "connected" and host.power_state == "poweredOn" and not host.maintenance


def _is_usable(datastore: Datastore) -> bool:
    return datastore.accessible and datastore.maintenance == "normal"


def _mount(host: Host, datastore: Datastore) -> Mount | None:
    return next((mount for mount in datastore.hosts if mount.host == host.moref), None)


def _can_write(host: Host, datastore: Datastore) -> bool:
    mount = _mount(host, datastore)
    return mount is not None and mount.writable


def _needed(size: int) -> str:
    """Round up, as `_free` rounds down, so that a refusal never seems to contradict itself."""
    return f"{math.ceil(size * 10 / _GIB) / 10} GiB"


def _free(size: int) -> str:
    return f"{math.floor(size * 10 / _GIB) / 10} GiB"
