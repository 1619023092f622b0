"""Rows of `vmware_portgroups`: which port group a network has on which switch, and whose it is.

A row is written before vCenter is asked to make the port group. So a process that dies in between leaves a
row in state `pending`, never a port group that nobody knows.
"""

import datetime
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from neutron_lib.db import api as db_api
from oslo_utils import timeutils

from polyvisor.neutron.db import models

PENDING: Final = "pending"
ACTIVE: Final = "active"
DELETING: Final = "deleting"
_BATCH = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """Where a network has at most one port group.

    Attributes:
        vcenter: name of its section in the options.
        switch_type: dvs or vss.
        scope: where the names of port groups are unique: the datacenter of a distributed switch, the ESXi
            host of a standard one (both by name, which survives that a host is added again).
        switch: its name.
    """

    vcenter: str
    switch_type: str
    scope: str
    switch: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port group as a network needs it.

    Attributes:
        vlan_id: 0 for untagged.
    """

    site: Site
    network_id: str
    vlan_id: int
    name: str

    @property
    def is_foreign(self) -> bool:
        """Not by the name that we give a port group: somebody else makes it."""
        return self.network_id not in self.name


@dataclass(frozen=True, slots=True)
class Row:
    """A port group that a network has, had, or is about to have.

    Attributes:
        vlan_id: 0 for untagged.
        key, moref: of a distributed port group once it is there. They can differ after a switch was restored.
        owned: it was made by this deployment, which may change and delete it.
        state: pending: to be made; active; deleting: its network is deleted, or it is being removed.
        unused_since: UTC without zone; when it was first seen without ports.
    """

    id: int
    site: Site
    network_id: str
    vlan_id: int
    name: str
    key: str | None
    moref: str | None
    owned: bool
    state: str
    unused_since: datetime.datetime | None
    last_error: str | None


@db_api.retry_db_errors
def list_all(context: Any, vcenter: str, switch_type: str) -> list[Row]:
    """All rows of a vCenter's switches of a type."""
    return _read(context, vcenter=vcenter, switch_type=switch_type)


@db_api.retry_db_errors
def list_every(context: Any) -> list[Row]:
    """All rows of all vCenters."""
    return _read(context)


@db_api.retry_db_errors
def list_at(context: Any, sites: Collection[Site]) -> list[Row]:
    """The rows of these sites, which are of one vCenter and type of switch."""
    one = next(iter(sites))
    rows = _read(context, vcenter=one.vcenter, switch_type=one.switch_type, switch=one.switch)
    return [row for row in rows if row.site in sites]


@db_api.retry_db_errors
def list_of_network(context: Any, network_id: str) -> list[Row]:
    """All rows of a network."""
    return _read(context, network_id=network_id)


@db_api.retry_db_errors
def list_on_vlan(context: Any, vlan_id: int) -> list[Row]:
    """The rows with that VLAN, of whatever network on whatever switch."""
    return _read(context, vlan_id=vlan_id)


@db_api.retry_db_errors
def list_pending(context: Any, vcenter: str, switch_type: str) -> list[int]:
    """Ids of the rows that wait to be made."""
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(models.PortGroup.id)
        return [row.id for row in query.filter_by(vcenter=vcenter, switch_type=switch_type, state=PENDING)]


@db_api.retry_db_errors
def keep(context: Any, network_id: str) -> None:
    """Note that the network is about to be used, so that no worker begins to remove its port groups."""
    with db_api.CONTEXT_WRITER.using(context):
        query = context.session.query(models.PortGroup)
        query.filter(
            models.PortGroup.network_id == network_id,
            models.PortGroup.state != DELETING,
            models.PortGroup.unused_since.is_not(None),
        ).update({"unused_since": None}, synchronize_session=False)


@db_api.retry_db_errors
def claim(context: Any, wanted: Sequence[Wanted]) -> None:
    """Write down that these port groups, which are not there, are about to be made by us.

    What another process claimed at the same moment stays as it is.
    """
    known = {(row.site, row.network_id): row for row in _of_networks(context, wanted)}
    rows = [known.get((item.site, item.network_id)) for item in wanted]
    missing = [item for item, row in zip(wanted, rows, strict=True) if row is None]
    again = [row.id for row in rows if row]
    with db_api.CONTEXT_WRITER.using(context):
        for item in missing:
            context.session.add(_model(item, owned=True, state=PENDING))
        for ids in _batches(again):
            query = context.session.query(models.PortGroup).filter(models.PortGroup.id.in_(ids))
            query.update({"owned": True, "state": PENDING, "unused_since": None}, synchronize_session=False)


@db_api.retry_db_errors
def note(  # noqa: PLR0913 - the columns
    context: Any,
    wanted: Wanted,
    *,
    owned: bool,
    key: str | None,
    moref: str | None,
    unused_since: datetime.datetime | None = None,
) -> None:
    """Write down a port group that is there, unless another process did so at the same moment."""
    if any(row.site == wanted.site for row in _of_networks(context, [wanted])):
        return
    with db_api.CONTEXT_WRITER.using(context):
        values = {"key": key, "moref": moref, "unused_since": unused_since}
        context.session.add(_model(wanted, owned=owned, state=ACTIVE, **values))


@db_api.retry_db_errors
def confirm(context: Any, seen: Iterable[tuple[Wanted, tuple[str | None, str | None]]]) -> list[Site]:
    """Write down that the port groups are there, by their (key, moref).

    Returns:
        Sites whose row is not there, or is being deleted: the network was deleted meanwhile.
    """
    lost = []
    with db_api.CONTEXT_WRITER.using(context):
        for item, (key, moref) in seen:
            query = context.session.query(models.PortGroup).filter_by(
                **_columns(item.site), network_id=item.network_id
            )
            found = query.filter(models.PortGroup.state != DELETING).update(
                {"state": ACTIVE, "vlan_id": item.vlan_id, "key": key, "moref": moref, "last_error": None},
                synchronize_session=False,
            )
            if not found:
                lost.append(item.site)
    return lost


def mark_network_deleted(context: Any, network_id: str) -> None:
    """Mark the port groups of a network that is being deleted. Runs inside Neutron's transaction.

    From then on nobody gets its VLAN on these switches before they are gone or free of NICs.
    """
    query = context.session.query(models.PortGroup).filter_by(network_id=network_id)
    query.filter(models.PortGroup.unused_since.is_(None)).update(
        {"unused_since": timeutils.utcnow()}, synchronize_session=False
    )
    query.update({"state": DELETING}, synchronize_session=False)


@db_api.retry_db_errors
def resume(context: Any, ids: Collection[int]) -> None:
    """Note that these are in use again, also where a worker died while it removed one."""
    with db_api.CONTEXT_WRITER.using(context):
        for batch in _batches(list(ids)):
            query = context.session.query(models.PortGroup).filter(models.PortGroup.id.in_(batch))
            query.filter_by(state=DELETING).update({"state": PENDING}, synchronize_session=False)
            query.update({"unused_since": None}, synchronize_session=False)


@db_api.retry_db_errors
def begin_removal(context: Any, row: Row) -> bool:
    """Mark the row of an unused port group as being deleted; False if it has come into use meanwhile."""
    with db_api.CONTEXT_WRITER.using(context):
        query = context.session.query(models.PortGroup).filter_by(id=row.id, state=row.state)
        found = query.filter(models.PortGroup.unused_since.is_not(None)).update(
            {"state": DELETING}, synchronize_session=False
        )
        return bool(found)


@db_api.retry_db_errors
def update(context: Any, ids: Collection[int], **values: Any) -> None:
    """Set columns of these rows."""
    with db_api.CONTEXT_WRITER.using(context):
        for batch in _batches(list(ids)):
            query = context.session.query(models.PortGroup).filter(models.PortGroup.id.in_(batch))
            query.update(values, synchronize_session=False)


@db_api.retry_db_errors
def blame(context: Any, wanted: Wanted, problem: str) -> None:
    """Write down what stands in the way of a port group, for whoever looks."""
    with db_api.CONTEXT_WRITER.using(context):
        query = context.session.query(models.PortGroup)
        query.filter_by(**_columns(wanted.site), network_id=wanted.network_id).update(
            {"last_error": problem}, synchronize_session=False
        )


@db_api.retry_db_errors
def forget(context: Any, ids: Collection[int]) -> None:
    """Delete rows, of port groups that are gone or no business of ours."""
    with db_api.CONTEXT_WRITER.using(context):
        for batch in _batches(list(ids)):
            query = context.session.query(models.PortGroup).filter(models.PortGroup.id.in_(batch))
            query.delete(synchronize_session=False)


def _read(context: Any, **columns: Any) -> list[Row]:
    with db_api.CONTEXT_READER.using(context):
        return [_row(model) for model in context.session.query(models.PortGroup).filter_by(**columns)]


def _of_networks(context: Any, wanted: Iterable[Wanted]) -> list[Row]:
    rows: list[Row] = []
    with db_api.CONTEXT_READER.using(context):
        for batch in _batches(sorted({item.network_id for item in wanted})):
            query = context.session.query(models.PortGroup)
            rows += [_row(model) for model in query.filter(models.PortGroup.network_id.in_(batch))]
    return rows


def _batches(items: Sequence[T]) -> Iterable[Sequence[T]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def _columns(site: Site) -> dict[str, str]:
    return {
        "vcenter": site.vcenter,
        "switch_type": site.switch_type,
        "scope": site.scope,
        "switch": site.switch,
    }


def _model(wanted: Wanted, **values: Any) -> models.PortGroup:
    return models.PortGroup(
        **_columns(wanted.site),
        network_id=wanted.network_id,
        vlan_id=wanted.vlan_id,
        name=wanted.name,
        **values,
    )


def _row(model: Any) -> Row:
    return Row(
        id=model.id,
        site=Site(model.vcenter, model.switch_type, model.scope, model.switch),
        network_id=model.network_id,
        vlan_id=model.vlan_id,
        name=model.name,
        key=model.key,
        moref=model.moref,
        owned=model.owned,
        state=model.state,
        unused_since=model.unused_since,
        last_error=model.last_error,
    )
