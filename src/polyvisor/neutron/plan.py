"""What a reconciler has to do, from what should be, what is written and what vCenter shows. Pure.

Whatever is not surely so is left alone until the next time: a switch that was not seen, a scope in which no
port group at all was seen (an account that may not read them looks the same), a port group that is not ours.
"""

import datetime
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from polyvisor.neutron.db.port_group import ACTIVE, Row, Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a plan is made of.

    Attributes:
        wanted: what the bindings in Neutron need, on every switch that was seen.
        existing: ids of Neutron's networks.
        marks: port groups of this type of switch carry the mark of their owner.
        now: UTC without zone.
        grace: for how long a port group must have been unused before it is removed.
    """

    wanted: Collection[Wanted]
    rows: Collection[Row]
    inventory: Inventory
    existing: Collection[str]
    marks: bool
    now: datetime.datetime
    grace: datetime.timedelta


@dataclass(slots=True)
class Plan:
    """What to do.

    Attributes:
        create: not there.
        repair: ours, and changed by somebody.
        note: there without a row; whether it is ours, and whether it is in use.
        confirm: there and right, but its row says otherwise.
        used, unused: rows whose first day without ports is to be cleared or set.
        remove: ours, unused and past grace; still to be checked for NICs.
        release: not ours, and its network is deleted; its row is to go once no NIC is on it.
        forget: rows of what is gone.
        problems: what only a person can put right.
    """

    create: list[tuple[Spot, Wanted]] = field(default_factory=list)
    repair: list[tuple[Spot, Group, Wanted]] = field(default_factory=list)
    note: list[tuple[Wanted, Group, bool, bool]] = field(default_factory=list)
    confirm: list[tuple[Wanted, Group]] = field(default_factory=list)
    used: list[Row] = field(default_factory=list)
    unused: list[Row] = field(default_factory=list)
    remove: list[tuple[Row, Group]] = field(default_factory=list)
    release: list[tuple[Row, Group]] = field(default_factory=list)
    forget: list[Row] = field(default_factory=list)
    problems: list[tuple[Row | None, str]] = field(default_factory=list)


def make_plan(situation: Situation) -> Plan:
    """Compare."""
    plan = Plan()
    rows = {(row.site, row.network_id): row for row in situation.rows}
    wanted = {(item.site, item.network_id): item for item in situation.wanted}
    spots = {spot.site: spot for group in situation.inventory.spots.values() for spot in group}
    seen = {site for site, spot in spots.items() if not spot.obstacle}
    vlans = _vlans_in_use(situation, seen)
    for key, item in wanted.items():
        if item.site in seen:
            _plan_wanted(plan, situation, spots[item.site], item, rows.get(key), vlans)
    for key, row in rows.items():
        if key not in wanted and row.site in seen and _shows_groups(situation.inventory, row.site):
            _plan_unwanted(plan, situation, row)
    if situation.marks:
        for item, group in _strays(situation, seen, rows, wanted):
            plan.note.append((item, group, True, False))
    return plan


def _plan_wanted(  # noqa: PLR0913, PLR0917 - one wanted port group and all that is known of it
    plan: Plan,
    situation: Situation,
    spot: Spot,
    wanted: Wanted,
    row: Row | None,
    vlans: Mapping[tuple[Site, int], set[str]],
) -> None:
    if row and row.unused_since:
        plan.used.append(row)
    group = situation.inventory.find(wanted.site, wanted.name)
    if group is None:
        _plan_missing(plan, spot, wanted, row, vlans)
        return
    fits = (group.switch, group.vlan_id) == (wanted.site.switch, wanted.vlan_id)
    if row is None:
        owned = situation.marks and group.network_id == wanted.network_id
        if fits or owned:
            plan.note.append((wanted, group, owned, True))
        else:
            plan.problems.append((None, _misfit(group, wanted)))
        return
    ours = is_ours(row, group, marks=situation.marks)
    if ours and group.switch == wanted.site.switch and not (fits and group.secure):
        plan.repair.append((spot, group, wanted))
    elif not fits:
        plan.problems.append((row, _misfit(group, wanted)))
    elif row.state != ACTIVE or row.last_error or row.vlan_id != wanted.vlan_id or _moved(row, group):
        plan.confirm.append((wanted, group))


def _plan_missing(
    plan: Plan,
    spot: Spot,
    wanted: Wanted,
    row: Row | None,
    vlans: Mapping[tuple[Site, int], set[str]],
) -> None:
    others = vlans.get((wanted.site, wanted.vlan_id), set()) - {wanted.network_id}
    if others:
        what = (
            f"VLAN {wanted.vlan_id} of '{wanted.site.switch}' of {wanted.site.scope} still has a port group"
        )
        plan.problems.append((row, f"{what} of network {', '.join(sorted(others))}"))
    elif wanted.is_foreign and not (row and row.owned):
        what = f"port group '{wanted.name}', which an administrator named for network {wanted.network_id}"
        plan.problems.append((row, f"{what}, is gone from '{wanted.site.switch}' of {wanted.site.scope}"))
    else:
        plan.create.append((spot, wanted))


def _plan_unwanted(plan: Plan, situation: Situation, row: Row) -> None:
    if row.unused_since is None:
        plan.unused.append(row)
        return
    if situation.now - row.unused_since < situation.grace:
        return
    group = situation.inventory.find(row.site, row.name)
    if group is None:
        plan.forget.append(row)
    elif is_ours(row, group, marks=situation.marks):
        plan.remove.append((row, group))
    elif row.network_id not in situation.existing:
        plan.release.append((row, group))


def is_ours(row: Row, group: Group, *, marks: bool) -> bool:
    """Tell whether the port group may be changed: by the table, and where there are marks by these too."""
    same = row.owned and group.switch == row.site.switch and group.name == row.name
    return same and (group.network_id == row.network_id if marks else True)


def _strays(
    situation: Situation,
    seen: Collection[Site],
    rows: Mapping[tuple[Site, str], Row],
    wanted: Mapping[tuple[Site, str], Wanted],
) -> Iterator[tuple[Wanted, Group]]:
    """Port groups with our mark that nothing is known of: made before there was the table, or it was lost."""
    sites = {(site.scope, site.switch): site for site in seen}
    for group in situation.inventory.groups.values():
        site = sites.get((group.scope, group.switch))
        if site is None or group.network_id is None or group.vlan_id is None:
            continue
        if (site, group.network_id) not in rows and (site, group.network_id) not in wanted:
            yield Wanted(site, group.network_id, group.vlan_id, group.name), group


def _vlans_in_use(situation: Situation, seen: Collection[Site]) -> dict[tuple[Site, int], set[str]]:
    """Which networks have a port group on a VLAN of a switch, as far as we know whose they are."""
    found: dict[tuple[Site, int], set[str]] = {}
    for row in situation.rows:
        group = situation.inventory.find(row.site, row.name)
        if row.site in seen and group and group.vlan_id is not None:
            found.setdefault((row.site, group.vlan_id), set()).add(row.network_id)
    return found


def _shows_groups(inventory: Inventory, site: Site) -> bool:
    return any(scope == site.scope for scope, _ in inventory.groups)


def _moved(row: Row, group: Group) -> bool:
    return group.key is not None and (row.key, row.moref) != (group.key, group.ref)


def _misfit(group: Group, wanted: Wanted) -> str:
    return (
        f"port group '{group.name}' of {group.scope} has VLAN {group.vlan_id} on '{group.switch}', but "
        f"network {wanted.network_id} needs VLAN {wanted.vlan_id} on '{wanted.site.switch}'"
    )
