"""The journal of an adoption, in the platform's database: whichever worker goes on with it, finds it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from polyvisor.adoption.journal import Journal, Thing, Vm, VmState
from polyvisor.adoption.message import heard
from polyvisor.message import Message, plain, restore
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Adoption, JournalThing, JournalVm
from polyvisor.op.operations.context import Context


class Cancelled(Exception):  # noqa: N818 - a state, not an error
    """Somebody wants the operation to end: no VM is begun with any more."""


class DatabaseJournal(Journal):
    """Lines of one adoption, written only while the operation is in the hands of who writes."""

    def __init__(self, context: Context, adoption: Adoption) -> None:
        self.id = adoption.journal
        self._adoption = adoption.id
        self._context = context
        self._database = context.platform.database

    def write(self, *things: Thing) -> None:
        """As the interface says. Raises Fenced, as all that write do."""
        with self._writing() as session:
            for one in things:
                session.merge(
                    JournalThing(
                        adoption_id=self._adoption,
                        owner=one.owner,
                        kind=one.kind,
                        key=one.key,
                        external_id=one.id,
                        project=one.project,
                        made=one.made,
                    )
                )

    def forget(self, *things: Thing) -> None:
        """As the interface says."""
        with self._writing() as session:
            for one in things:
                same = (JournalThing.owner == one.owner, JournalThing.kind == one.kind)
                mine = (JournalThing.adoption_id == self._adoption, JournalThing.key == one.key)
                session.execute(delete(JournalThing).where(*mine, *same))

    def things(self, owner: str | None = None, kind: str | None = None) -> list[Thing]:
        """As the interface says."""
        wanted = select(JournalThing).where(JournalThing.adoption_id == self._adoption)
        if owner is not None:
            wanted = wanted.where(JournalThing.owner == owner)
        if kind is not None:
            wanted = wanted.where(JournalThing.kind == kind)
        return self._things(wanted.order_by(JournalThing.owner, JournalThing.kind, JournalThing.key))

    def thing(self, owner: str, kind: str, key: str) -> Thing | None:
        """As the interface says."""
        wanted = select(JournalThing).where(
            JournalThing.adoption_id == self._adoption,
            JournalThing.owner == owner,
            JournalThing.kind == kind,
            JournalThing.key == key,
        )
        return next(iter(self._things(wanted)), None)

    def note(self, *vms: Vm) -> None:
        """As the interface says. Raises Cancelled, Stopped if VMs were to begin."""
        if any(vm.state == "under way" for vm in vms):
            self._context.guard()
            if self._context.operation.cancelling:
                raise Cancelled
        with self._writing() as session:
            mine = (JournalVm.adoption_id == self._adoption, JournalVm.vm.in_([vm.id for vm in vms]))
            known = {row.vm: row for row in session.scalars(select(JournalVm).where(*mine))}
            for vm in vms:
                row = known.get(vm.id) or JournalVm(adoption_id=self._adoption, vm=vm.id, details={})
                row.state, row.at = vm.state, now()
                row.reason, row.message = str(vm.reason or ""), plain(vm.reason) if vm.reason else None
                row.details = _merged(row.details, vm.details)
                row.server = row.details.get("server")
                session.add(row)

    def drop(self, *vms: str) -> None:
        """As the interface says."""
        with self._writing() as session:
            mine = (JournalVm.adoption_id == self._adoption, JournalVm.vm.in_(vms))
            session.execute(delete(JournalVm).where(*mine))

    def vms(self) -> dict[str, Vm]:
        """As the interface says."""
        wanted = select(JournalVm).where(JournalVm.adoption_id == self._adoption)
        with self._database.read() as session:
            return {row.vm: vm_of(row) for row in session.scalars(wanted.order_by(JournalVm.vm))}

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._database.write() as session:
            self._context.hold(session)
            yield session

    def _things(self, wanted: Select[JournalThing]) -> list[Thing]:
        with self._database.read() as session:
            rows = list(session.scalars(wanted))
        return [Thing(row.owner, row.kind, row.key, row.external_id, row.project, row.made) for row in rows]


def _merged(before: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    together = {**before, **json.loads(json.dumps(new))}
    return {name: value for name, value in together.items() if value is not None}


def vm_of(row: JournalVm) -> Vm:
    """A VM as a row has it."""
    state: VmState = row.state  # type: ignore[assignment]
    return Vm(row.vm, state, _reason(row), row.details, row.at.isoformat(timespec="seconds"))


def _reason(row: JournalVm) -> Message | None:
    """One that an earlier release has written has no code."""
    if row.message:
        return restore(row.message)
    return heard(row.reason) if row.reason else None
