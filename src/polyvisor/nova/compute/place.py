"""From a wish to a place: the ESXi host and the datastores with which a VM is built."""

from collections.abc import Sequence
from dataclasses import dataclass

from polyvisor.nova.compute.cluster import Cluster
from polyvisor.vsphere.datastore import Datastore
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.refusal import NotConnectedToEachOther, PlacementRefused
from polyvisor.vsphere.wish import Wish, resolve


@dataclass(frozen=True, slots=True)
class Place:
    """Where to build.

    :ivar host: moref of the host on which the VM is created.
    :ivar stays: whether it is powered on there as well, whatever DRS would choose.
    :ivar stores: the datastores on which its disks may be; Nova takes the one with most free space.
    """

    host: str
    stays: bool
    stores: Sequence[Datastore]

    @property
    def datastores(self) -> frozenset[str]:
        """The names of these datastores."""
        return frozenset(store.name for store in self.stores)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Hosts and datastores of one cluster, read at one time."""

    hosts: Sequence[Host]
    datastores: Sequence[Datastore]

    @classmethod
    def read(cls, cluster: Cluster) -> "Inventory":
        """Read both from vCenter."""
        return cls(cluster.hosts(), cluster.datastores())

    def find(self, wish: Wish, *, disk_bytes: int, reading: frozenset[str] = frozenset()) -> Place:
        """Find the place that a wish names, and complete it where it names only half.

        :param reading: morefs of datastores which the host must reach too.
        :raises PlacementRefused: the cluster cannot take `disk_bytes` of disks there.
        """
        target = resolve(wish, self.hosts, self.datastores, disk_bytes=disk_bytes)
        host = target.host or self._host_for(target.datastore, disk_bytes, reading)
        if host is None or not self._reaches(host, reading):
            who = f"ESXi host {host.name!r} does not reach" if host else "no ESXi host of the cluster reaches"
            raise NotConnectedToEachOther(
                f"{who} all datastores that the new disks are to be on or depend on; name another place"
            )
        stores = [target.datastore] if target.datastore else self._stores_for(host, disk_bytes)
        return Place(
            host=host.moref,
            stays=target.host is not None,
            stores=stores,
        )

    def _host_for(self, store: Datastore | None, disk_bytes: int, reading: frozenset[str]) -> Host | None:
        """Choose the host with most free memory among those that see the datastore.

        vCenter may choose one that does not, where DRS is off or the datastore is not on every host.
        """
        able = [
            host
            for host in self.hosts
            if store and self._fits(host, store, disk_bytes) and self._reaches(host, reading)
        ]
        return max(able, key=lambda host: host.memory_bytes - host.memory_used_bytes, default=None)

    def _reaches(self, host: Host, datastores: frozenset[str]) -> bool:
        mounted = {
            store.moref
            for store in self.datastores
            for mount in store.hosts
            if mount.host == host.moref and mount.mounted and mount.accessible
        }
        return datastores <= mounted

    def _stores_for(self, host: Host, disk_bytes: int) -> list[Datastore]:
        return [store for store in self.datastores if self._fits(host, store, disk_bytes)]

    def _fits(self, host: Host, store: Datastore, disk_bytes: int) -> bool:
        both = Wish(host=host.moref, datastore=store.moref)
        try:
            resolve(both, self.hosts, self.datastores, disk_bytes=disk_bytes)
        except PlacementRefused:
            return False
        return True
