"""The port groups of a Neutron network while a port is bound: see to it that they are there.

Between the steps in vCenter the table is asked and written; which comes first is what makes it safe against
other processes, and against dying in between.
"""

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from neutron_lib import context as neutron_context
from oslo_log import log

from polyvisor.neutron import conf, leftover
from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.connection import Connection
from polyvisor.neutron.db import mapping
from polyvisor.neutron.db import network as networks
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.db.port_group import Row, Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.neutron.shared_read import SharedRead
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.session import Session

LOG = log.getLogger(__name__)
T = TypeVar("T")

PARALLEL_CALLS = 8
_REMOVAL_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Network:
    """What the port groups have to be like.

    Attributes:
        vlan_id: 0 for untagged.
        mtu: bytes.
    """

    id: str
    physnet: str
    vlan_id: int
    mtu: int


class PortGroups:
    """Makes sure of port groups on switches of one type."""

    def __init__(self, switches: SwitchType, connections: Mapping[str, Connection]) -> None:
        self._switches = switches
        self._connections = connections
        self._looks: dict[tuple[str, str], SharedRead[Inventory]] = {}
        # There may be many networks: what nobody waits for is forgotten.
        self._runs: WeakValueDictionary[tuple[str, Network], SharedRead[dict[str, Any]]] = (
            WeakValueDictionary()
        )

    def _look(self, compute: conf.Compute, switch: str) -> Inventory:
        """Read a switch for as many ports as wait for it; it has the time of one that begins now."""

        def look(session: Session) -> Inventory:
            inventory = self._switches.read(session, [compute])
            for spot in inventory.spots[compute.host, switch]:
                self._switches.check(session, compute, spot)
            return inventory

        return self._connections[compute.vcenter].run(look, deadline=self._switches.settings.bind_deadline)

    def ensure(self, compute: conf.Compute, network: Network) -> dict[str, Any]:
        """See to it that the network has its port group wherever the compute service may place a VM now.

        May be repeated, and raced by other processes. What could not be made is left to the reconciler. Of
        many ports of one network that are bound at about the same time, one does it for all who wait then.

        Returns:
            The `vif_details` that lead Nova to it.

        Raises:
            BindingError: the switch, or a port group that is there already, does not fit; or the VLAN is
                still in use by a deleted network.
            VSphereError: what vCenter refused.
        """
        new_run = SharedRead(partial(self._run, compute, network))
        run = self._runs.setdefault((compute.host, network), new_run)
        seconds = self._switches.settings.bind_deadline
        try:
            return run.get(seconds)
        except TimeoutError:
            raise BindingError(_late(seconds)) from None

    def _run(self, compute: conf.Compute, network: Network) -> dict[str, Any]:
        switch = compute.physnet_mappings[network.physnet]
        new_look = SharedRead(partial(self._look, compute, switch))
        look = self._looks.setdefault((compute.host, switch), new_look)
        return _Ensuring(self._switches, self._connections, compute, network).run(look)


class _Ensuring:
    """One run of `PortGroups.ensure`."""

    def __init__(
        self,
        switches: SwitchType,
        connections: Mapping[str, Connection],
        compute: conf.Compute,
        network: Network,
    ) -> None:
        self.context = neutron_context.get_admin_context()
        self.switches = switches
        self.connections = connections
        self.compute = compute
        self.network = network
        self.deadline = time.monotonic() + switches.settings.bind_deadline

    def run(self, look: SharedRead[Inventory]) -> dict[str, Any]:
        self._outlast_removal()
        # Before vCenter is read: what is seen there cannot then be taken away by a reconciler.
        table.keep(self.context, self.network.id)
        inventory = self._look(look)
        spots = self._spots(inventory)
        # After vCenter was read: who made what is seen there wrote its row before.
        rows = {row.site: row for row in table.list_of_network(self.context, self.network.id)}
        mapped = mapping.list_of_network(self.context, self.network.id)
        named = self.switches.named(self.compute, self.network.physnet, mapped)
        wanted = {spot.site: self._wanted(spot, rows.get(spot.site), named) for spot in spots}
        groups = self._fitting(inventory, wanted.values(), rows)
        if unsure := [site for site in wanted if site not in rows or rows[site].state != table.ACTIVE]:
            leftover.free_vlan(self.context, self.switches, self._ask_at, self.network, inventory)
        missing = [spot for spot in spots if spot.site not in groups]
        if missing:
            groups |= self._create(missing, wanted)
        if unsure or missing:
            self._write_down(wanted, groups, rows)
        first = next((spot for spot in spots if spot.site in groups), None)
        if first is None:
            raise BindingError(f"all hosts of cluster '{self.compute.cluster}' went away just now")
        return self.switches.vif_details(first, groups[first.site])

    def _ask(self, work: Callable[[Session], T]) -> T:
        return self._ask_at(self.compute.vcenter, work)

    def _ask_at(self, vcenter: str, work: Callable[[Session], T]) -> T:
        return self.connections[vcenter].run(work, deadline=self._left())

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> BindingError:
        return BindingError(_late(self.switches.settings.bind_deadline))

    def _outlast_removal(self) -> None:
        """Let a reconciler that is just removing the unused port group finish; stand in for one that died."""
        patience = min(time.monotonic() + 10.0, self.deadline)
        while removing := [
            row for row in table.list_of_network(self.context, self.network.id) if row.state == table.DELETING
        ]:
            if not networks.exists(self.context, self.network.id):
                raise BindingError("its network was deleted")
            if time.monotonic() > patience:
                table.update(
                    self.context, [row.id for row in removing], state=table.PENDING, unused_since=None
                )
                return
            time.sleep(_REMOVAL_POLL)

    def _look(self, look: SharedRead[Inventory]) -> Inventory:
        try:
            return look.get(self._left())
        except TimeoutError:
            raise self._late() from None

    def _spots(self, inventory: Inventory) -> list[Spot]:
        switch = self.compute.physnet_mappings[self.network.physnet]
        spots = [spot for spot in inventory.spots[self.compute.host, switch] if spot.ready]
        if not spots:
            raise BindingError(f"no host of cluster '{self.compute.cluster}' can take a VM now")
        for spot in spots:
            self._check(spot)
        return spots

    def _check(self, spot: Spot) -> None:
        if spot.obstacle:
            raise BindingError(spot.obstacle)
        if spot.mtu and spot.mtu < self.network.mtu:
            raise BindingError(
                f"the network's MTU {self.network.mtu} is larger than MTU {spot.mtu} of switch "
                f"'{spot.site.switch}': raise the switch's or lower the network's"
            )

    def _wanted(self, spot: Spot, row: Row | None, named: str | None) -> Wanted:
        name = row.name if row else named or self.switches.group_name(self.network.id, spot.site)
        return Wanted(spot.site, self.network.id, self.network.vlan_id, name)

    def _fitting(
        self, inventory: Inventory, wanted: Collection[Wanted], rows: Mapping[Site, Row]
    ) -> dict[Site, Group]:
        """The port groups that are there already.

        Raises BindingError when one does not fit; one of ours is then left to the reconciler at once.
        """
        found: dict[Site, Group] = {}
        for item in wanted:
            group = inventory.find(item.site, item.name)
            if group is None:
                self._may_be_made(item, rows.get(item.site))
                continue
            try:
                check_group(group, item)
            except BindingError:
                row = rows.get(item.site)
                if row and row.owned:
                    table.update(self.context, [row.id], state=table.PENDING)
                raise
            found[item.site] = group
        return found

    def _may_be_made(self, wanted: Wanted, row: Row | None) -> None:
        if wanted.is_foreign and not (row and row.owned):
            raise BindingError(
                f"port group '{wanted.name}', which an administrator named for the network, is not on "
                f"'{wanted.site.switch}' of {wanted.site.scope}; make it there, or name another"
            )

    def _create(self, spots: Collection[Spot], wanted: Mapping[Site, Wanted]) -> dict[Site, Group]:
        table.claim(self.context, [wanted[spot.site] for spot in spots])
        make = partial(create_all, self.switches, items=[(spot, wanted[spot.site]) for spot in spots])
        done, refused = self._ask(make)
        made = {item.site: group for item, group in done}
        failed = {item.site: error for item, error in refused}
        if failed:
            made |= self._look_again(wanted, failed)
        return made

    def _look_again(
        self, wanted: Mapping[Site, Wanted], failed: Mapping[Site, VSphereError]
    ) -> dict[Site, Group]:
        """Forgive what another process made at the same moment, and hosts that went away just now.

        Raises BindingError for the rest, which is left to the reconciler.
        """
        read = partial(self.switches.read, computes=[self.compute])
        inventory = self._ask(read)
        spots = {spot.site: spot for group in inventory.spots.values() for spot in group}
        made: dict[Site, Group] = {}
        for site, error in failed.items():
            group = inventory.find(site, wanted[site].name)
            if group:
                check_group(group, wanted[site])
                made[site] = group
            elif site in spots and spots[site].ready and not spots[site].obstacle:
                table.blame(self.context, wanted[site], f"it cannot be made: {error}")
                what = f"port group '{wanted[site].name}' cannot be made on '{site.switch}' of {site.scope}"
                raise BindingError(f"{what}: {error}")
        return made

    def _write_down(
        self, wanted: Mapping[Site, Wanted], groups: Mapping[Site, Group], rows: Mapping[Site, Row]
    ) -> None:
        there = {site: identity(group) for site, group in groups.items()}
        lost = table.confirm(self.context, [(wanted[site], key) for site, key in there.items()])
        for site in lost:
            group = groups[site]
            owned = self.switches.marks and group.network_id == self.network.id
            known = rows.get(site)
            if known is None and networks.exists(self.context, self.network.id):
                key, moref = there[site]
                table.note(self.context, wanted[site], owned=owned, key=key, moref=moref)
                continue
            raise BindingError("its network was deleted while the port was being bound")


def _late(seconds: float) -> str:
    return f"it took more than {seconds:g} seconds"


def identity(group: Group) -> tuple[str | None, str | None]:
    """Key and moref as the table keeps them: of a distributed port group only."""
    return (group.key, group.ref) if group.key else (None, None)


def create_all(
    switches: SwitchType,
    session: Session,
    *,
    items: Collection[tuple[Spot, Wanted]],
    allowed: Callable[[], bool] = lambda: True,
) -> tuple[list[tuple[Wanted, Group]], list[tuple[Wanted, VSphereError]]]:
    """Make port groups side by side; one that fails is not the others' matter.

    Args:
        allowed: asked before each; where it says no, the port group is neither made nor failed.
    """
    made: list[tuple[Wanted, Group]] = []
    failed: list[tuple[Wanted, VSphereError]] = []

    def create(item: tuple[Spot, Wanted]) -> None:
        spot, wanted = item
        if not allowed():
            return
        try:
            made.append((wanted, switches.create(session, spot, wanted)))
            LOG.info("Made port group %s with VLAN %d on %s", *_said(wanted))
        except VSphereError as exc:
            failed.append((wanted, exc))

    with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
        list(pool.map(create, items))
    return made, failed


def _said(wanted: Wanted) -> tuple[str, int, str]:
    return wanted.name, wanted.vlan_id, f"{wanted.site.switch} of {wanted.site.scope}"


def check_group(group: Group, wanted: Wanted) -> None:
    """Refuse a port group that is there and is not what the network needs.

    Raises:
        BindingError: it is on another switch, or has another VLAN.
    """
    if group.switch != wanted.site.switch:
        raise BindingError(
            f"port group '{group.name}' of {group.scope} is on another switch than '{wanted.site.switch}'"
        )
    if group.vlan_id != wanted.vlan_id:
        raise BindingError(
            f"port group '{group.name}' of {group.scope} has {_vlan(group)}, but the network has VLAN "
            f"{wanted.vlan_id}"
        )


def _vlan(group: Group) -> str:
    return "no single VLAN" if group.vlan_id is None else f"VLAN {group.vlan_id}"
