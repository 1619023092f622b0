"""Brings a vCenter's port groups in line with Neutron's database, again and again.

What events miss, this finds: hosts that came, port groups that somebody removed or changed, networks that
were deleted, processes that died half way. It deletes only what is ours, unused, past grace and free of NICs.
"""

import datetime
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from neutron_lib import context as neutron_context
from oslo_log import log
from oslo_utils import timeutils

from polyvisor.neutron.connection import Connection
from polyvisor.neutron.db import mapping as mappings
from polyvisor.neutron.db import network as networks
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.db.lease import Lease
from polyvisor.neutron.db.mapping import Mapped
from polyvisor.neutron.db.port_group import Row, Wanted
from polyvisor.neutron.inventory import Group, Inventory
from polyvisor.neutron.plan import Plan, Situation, make_plan
from polyvisor.neutron.port_group import create_all, identity
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.faults import AlreadyExists, VSphereError
from polyvisor.vsphere.session import Session

LOG = log.getLogger(__name__)
T = TypeVar("T")

LEASE_SECONDS = 60.0
# For one read of a large vCenter, or one batch of writes. A single call has its own, shorter limit.
_DEADLINE = 300.0
_BATCH = 32


class LeaseLost(Exception):  # noqa: N818 - not an error
    """Another worker has taken over; what is left to do is its to do."""


class Reconciler:
    """The switches of one type of one vCenter. Used by one thread."""

    def __init__(
        self,
        switches: SwitchType,
        vcenter: str,
        connection: Connection,
        *,
        driver: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Connect to nothing yet.

        Args:
            driver: name of the mechanism driver whose bindings count.
            clock: monotonic, in seconds.
        """
        self._switches = switches
        self._settings = switches.settings
        self._vcenter = vcenter
        self._connection = connection
        self._driver = driver
        self._clock = clock
        self._computes = {h: c for h, c in switches.of_type().items() if c.vcenter == vcenter}
        self._lease = Lease(vcenter, switches.name, seconds=LEASE_SECONDS, clock=clock)
        self._context = neutron_context.get_admin_context()
        self._next_full = 0.0
        self._next_pending = 0.0
        self._pause = 0.0
        self._pending: list[int] = []

    def tick(self) -> bool:
        """Do what is due now, if this worker has the lease; tell whether anything was.

        Raises:
            VSphereError: vCenter could not be read.
        """
        if not self._lease.hold(self._context) or not self._is_due():
            return False
        self._next_full = self._clock() + self._settings.reconcile_interval
        try:
            self.run()
        except LeaseLost:
            LOG.info("Another worker reconciles vCenter %s now", self._vcenter)
        return True

    def release(self) -> None:
        """Let another worker take over at once."""
        self._lease.release(self._context)

    def run(self) -> Plan:
        """Compare everything once and put right what differs; give what was planned.

        Raises:
            LeaseLost: in the middle.
            VSphereError: vCenter could not be read.
        """
        started = self._clock()
        self._check_lease()
        inventory: Inventory = self._ask(partial(self._switches.read, computes=list(self._computes.values())))
        # Rows after vCenter: a row is written before its port group is made, so none is a stray by chance.
        plan = make_plan(self._situation(inventory))
        self._write_down(plan)
        self._remove(plan)
        self._repair(plan)
        self._create(plan)
        took = self._clock() - started
        LOG.debug("Reconciled %s switches of vCenter %s in %.1f s", self._switches.name, self._vcenter, took)
        return plan

    def _is_due(self) -> bool:
        """Every now and then, and soon when port groups wait; not that soon again when it was in vain."""
        now = self._clock()
        pending = table.list_pending(self._context, self._vcenter, self._switches.name)
        if pending != self._pending:
            self._pending, self._pause, self._next_pending = pending, self._settings.pending_poll, now
        if now >= self._next_full:
            return True
        if not pending or now < self._next_pending:
            return False
        self._next_pending = now + self._pause
        self._pause = min(self._pause * 2, self._settings.reconcile_interval)
        return True

    def _situation(self, inventory: Inventory) -> Situation:
        rows = table.list_all(self._context, self._vcenter, self._switches.name)
        names = {(row.site, row.network_id): row.name for row in rows}
        mapped: dict[str, list[Mapped]] = defaultdict(list)
        for mapping in mappings.list_all(self._context):
            mapped[mapping.network_id].append(mapping)
        bound = networks.list_bound(self._context, self._driver, self._computes)
        wanted = {
            Wanted(
                site := spot.site,
                item.network_id,
                item.vlan_id,
                names.get((site, item.network_id))
                or self._switches.named(self._computes[item.host], item.physnet, mapped[item.network_id])
                or self._switches.group_name(item.network_id, site),
            )
            for item in bound
            if (switch := self._computes[item.host].physnet_mappings.get(item.physnet))
            for spot in inventory.spots[item.host, switch]
        }
        return Situation(
            wanted=wanted,
            rows=rows,
            inventory=inventory,
            existing=networks.list_existing(self._context),
            marks=self._switches.marks,
            now=timeutils.utcnow(),
            grace=datetime.timedelta(seconds=self._settings.unused_grace),
        )

    def _write_down(self, plan: Plan) -> None:
        """What concerns our table only."""
        self._check_lease()
        now = timeutils.utcnow()
        table.resume(self._context, [row.id for row in plan.used])
        table.update(self._context, [row.id for row in plan.unused], unused_since=now)
        table.forget(self._context, [row.id for row in plan.forget])
        for wanted, group, owned, in_use in plan.note:
            key, moref = identity(group)
            since = None if in_use else now
            table.note(self._context, wanted, owned=owned, key=key, moref=moref, unused_since=since)
        self._confirm(plan.confirm)
        for row, problem in plan.problems:
            LOG.warning("%s", problem)
            if row:
                table.update(self._context, [row.id], last_error=problem)

    def _create(self, plan: Plan) -> None:
        if self._is_dry(f"make port group {item.name} on {item.site}" for _, item in plan.create):
            return
        table.claim(self._context, [wanted for _, wanted in plan.create])
        for batch in _batches(plan.create):
            self._check_lease()
            make = partial(create_all, self._switches, items=batch, allowed=self._lease.trusted)
            made, failed = self._ask(make)
            self._confirm(made)
            for wanted, error in failed:
                if not isinstance(error, AlreadyExists):
                    LOG.warning("Port group %s cannot be made on %s: %s", wanted.name, wanted.site, error)
                    table.blame(self._context, wanted, f"it cannot be made: {error}")

    def _repair(self, plan: Plan) -> None:
        if self._is_dry(f"repair port group {group.name} of {group.scope}" for _, group, _ in plan.repair):
            return
        for spot, group, wanted in plan.repair:
            self._check_lease()
            try:
                self._ask(partial(self._switches.repair, spot=spot, group=group, wanted=wanted))
            except VSphereError as exc:
                LOG.warning("Port group %s of %s cannot be repaired: %s", group.name, group.scope, exc)
                table.blame(self._context, wanted, f"it was changed, and cannot be repaired: {exc}")
                continue
            LOG.warning("Repaired port group %s of %s, which somebody had changed", group.name, group.scope)
            self._confirm([(wanted, group)])

    def _remove(self, plan: Plan) -> None:
        """Remove what is still unused now; a few at a time, lest a mistake take everything."""
        doomed = plan.remove[: self._settings.max_deletes]
        said = (f"remove port group {group.name} of {group.scope}" for _, group in doomed)
        if not self._settings.delete_enabled or not (doomed or plan.release) or self._is_dry(said):
            return
        groups = [group for _, group in (*doomed, *plan.release)]
        used = self._ask(partial(self._switches.used, groups=groups))
        table.forget(self._context, [row.id for row, group in plan.release if group not in used])
        for row, group in doomed:
            if group in used:
                table.update(self._context, [row.id], last_error="NICs of VMs are on it")
                continue
            self._check_lease()
            if not self._is_bound(row) and table.begin_removal(self._context, row):
                self._remove_one(row, group)

    def _remove_one(self, row: Row, group: Group) -> None:
        try:
            self._ask(partial(self._switches.remove, group=group))
        except VSphereError as exc:
            LOG.warning("Port group %s of %s cannot be removed: %s", group.name, group.scope, exc)
            table.update(self._context, [row.id], state=row.state, last_error=str(exc))
            return
        LOG.info("Removed unused port group %s of %s", group.name, group.scope)
        table.forget(self._context, [row.id])

    def _is_bound(self, row: Row) -> bool:
        return bool(networks.list_bound(self._context, self._driver, self._computes, row.network_id))

    def _confirm(self, items: Collection[tuple[Wanted, Group]]) -> None:
        for batch in _batches(list(items)):
            table.confirm(self._context, [(wanted, identity(group)) for wanted, group in batch])

    def _ask(self, work: Callable[[Session], T]) -> T:
        return self._connection.run(work, deadline=_DEADLINE)

    def _check_lease(self) -> None:
        if not self._lease.hold(self._context):
            raise LeaseLost(self._vcenter)

    def _is_dry(self, changes: Iterator[str]) -> bool:
        if not self._settings.dry_run:
            return False
        for change in changes:
            LOG.info("Would %s (dry_run)", change)
        return True


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))


def reconcilers(switches: SwitchType, connect: Callable[[Any], Connection], driver: str) -> list[Reconciler]:
    """One for each vCenter that has switches of this type."""
    vcenters = sorted({compute.vcenter for compute in switches.of_type().values()})
    return [
        Reconciler(switches, vcenter, connect(switches.settings.vcenters[vcenter]), driver=driver)
        for vcenter in vcenters
    ]
