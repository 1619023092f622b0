"""VLANs that Neutron gave to another network while port groups of a deleted one still have them.

A physical network is one wire for all switches that are mapped to it: a NIC which hangs on a deleted
network's port group, on whichever of them, would share it with the next tenant.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, Protocol

from oslo_log import log

from polyvisor.neutron import conf
from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.db.port_group import Row, Site
from polyvisor.neutron.inventory import Group, Inventory
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere import faults
from polyvisor.vsphere.session import Session

LOG = log.getLogger(__name__)

Ask = Callable[[str, Callable[[Session], Any]], Any]
"""Runs work at a vCenter, by its name."""


class Tagged(Protocol):
    """Whose VLAN it is now."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def physnet(self) -> str: ...  # noqa: D102
    @property
    def vlan_id(self) -> int: ...  # noqa: D102


def free_vlan(context: Any, switches: SwitchType, ask: Ask, network: Tagged, inventory: Inventory) -> None:
    """Remove what is left of other networks on the network's VLAN.

    Neutron gives a VLAN of a physical network to one network: whatever else we know on it is a leftover.

    Args:
        inventory: of the compute service that the network's port is being bound for.

    Raises:
        BindingError: a NIC is on it, or may be.
        VSphereError: what vCenter refused.
    """
    rows = [
        row
        for row in table.list_on_vlan(context, network.vlan_id)
        if row.network_id != network.id and network.physnet in _physnets(switches.settings, row.site)
    ]
    if foreign := [row for row in rows if row.site.switch_type != switches.name]:
        raise _refusal(network, (row.site for row in foreign), "until the reconciler has removed it")
    for vcenter, group in _unknown(switches, network, inventory, rows):
        _remove(switches, ask, network, vcenter, group)
    for vcenter, its_rows in _by_vcenter(rows).items():
        _free(context, switches, ask, network, vcenter, its_rows)


def _unknown(
    switches: SwitchType, network: Tagged, inventory: Inventory, rows: Collection[Row]
) -> list[tuple[str, Group]]:
    """Groups with our mark that the table does not know, on the switch in question."""
    known = {(row.site.scope, row.name) for row in rows}
    sites = {spot.site for spots in inventory.spots.values() for spot in spots}
    return [
        (site.vcenter, group)
        for site in sites
        if network.physnet in _physnets(switches.settings, site)
        for group in inventory.groups.values()
        if (group.scope, group.switch) == (site.scope, site.switch)
        and group.vlan_id == network.vlan_id
        and group.network_id not in {None, network.id}
        and (group.scope, group.name) not in known
    ]


def _free(  # noqa: PLR0913, PLR0917 - one vCenter's share of free_vlan
    context: Any, switches: SwitchType, ask: Ask, network: Tagged, vcenter: str, rows: Collection[Row]
) -> None:
    computes = [
        compute
        for compute in switches.of_type().values()
        if compute.vcenter == vcenter and network.physnet in compute.physnet_mappings
    ]
    inventory: Inventory = ask(vcenter, partial(switches.read, computes=computes))
    away = {spot.site for spots in inventory.spots.values() for spot in spots if spot.obstacle}
    for row in rows:
        group = inventory.find(row.site, row.name)
        if group is None and row.site in away:
            # Its host cannot be asked now, but vCenter still knows which VMs it has.
            group = Group(row.site.scope, row.site.switch, row.name, row.vlan_id, "")
        if group is None or (group.switch, group.vlan_id) != (row.site.switch, network.vlan_id):
            continue
        if not row.owned or row.site in away:
            _check_unused(switches, ask, network, vcenter, group)
            continue
        _remove(switches, ask, network, vcenter, group)
        table.forget(context, [row.id])


def _remove(switches: SwitchType, ask: Ask, network: Tagged, vcenter: str, group: Group) -> None:
    _check_unused(switches, ask, network, vcenter, group)
    try:
        ask(vcenter, partial(switches.remove, group=group))
    except faults.InUse as exc:
        raise _refusal(network, [Site(vcenter, switches.name, group.scope, group.switch)], str(exc)) from exc
    LOG.warning("Removed port group %s, left over on VLAN %d", group.name, network.vlan_id)


def _check_unused(switches: SwitchType, ask: Ask, network: Tagged, vcenter: str, group: Group) -> None:
    if ask(vcenter, partial(switches.used, groups=[group])):
        raise _refusal(
            network,
            [Site(vcenter, switches.name, group.scope, group.switch)],
            f"NICs of VMs are on port group '{group.name}'; move these NICs away first",
        )


def _refusal(network: Tagged, sites: Iterable[Site], why: str) -> BindingError:
    where = ", ".join(sorted({f"'{site.switch}' of {site.scope}" for site in sites}))
    return BindingError(f"VLAN {network.vlan_id} of {where} is still in use by a deleted network: {why}")


def _by_vcenter(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.site.vcenter].append(row)
    return grouped


def _physnets(settings: conf.Settings, site: Site) -> set[str]:
    """The physical networks that switches of that name carry, by the options."""
    return {
        physnet
        for compute in settings.computes.values()
        if (compute.vcenter, compute.switch_type) == (site.vcenter, site.switch_type)
        for physnet, switch in compute.physnet_mappings.items()
        if switch == site.switch
    }
