"""Adoptions: made, found, removed; and the operations on them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from polyvisor.adoption.journal import VmState
from polyvisor.adoption.plan import Severity, State
from polyvisor.adoption.said import Said, Told
from polyvisor.message import Message
from polyvisor.op import paging
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import (
    Adoption,
    AdoptionDocument,
    JournalThing,
    JournalVm,
    Operation,
    VCenter,
)
from polyvisor.op.db.models.operation import OPEN
from polyvisor.op.identity.access import Access
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.operations.subject import Subject
from polyvisor.op.problem import Conflict, Invalid, NotFound
from polyvisor.op.rights import Right

_TOLD: Final[TypeAdapter[Said]] = TypeAdapter(Told)
#: A VM in one of these is not as vCenter alone had it.
_HELD = ("under way", "adopted", "undoing", "releasing")


@dataclass(frozen=True)
class Counts:
    """An adoption in numbers.

    Attributes:
        states: of the plan -> VMs.
        progress: of the journal -> VMs.
        findings: (check, severity) -> how often it is found.
        waits: what VMs wait for, and how many do.
    """

    states: dict[State, int] = field(default_factory=dict)
    progress: dict[VmState, int] = field(default_factory=dict)
    findings: dict[tuple[str, Severity], int] = field(default_factory=dict)
    waits: list[tuple[Message, int]] = field(default_factory=list)


def get(session: Session, key: str, *, lock: bool = False) -> Adoption:
    """An adoption by id or name. Raises NotFound."""
    found = session.get(Adoption, key, with_for_update=lock) or session.scalar(
        select(Adoption).where(Adoption.name == key)
    )
    if found is None:
        raise NotFound.of("adoption", key)
    return found


def find(
    session: Session, access: Access, cloud_id: str | None, part: paging.Slice
) -> tuple[list[Adoption], str | None]:
    """Adoptions that the caller may see, by name."""
    statement = select(Adoption)
    if not access.allows(Right.ADOPTION_READ, "/clouds"):
        held = [one for one in access.held if Right.ADOPTION_READ in one.rights]
        statement = statement.where(
            Adoption.cloud_id.in_([one.node.removeprefix("/clouds/") for one in held])
        )
    if cloud_id is not None:
        statement = statement.where(Adoption.cloud_id == cloud_id)
    return paging.fetch(session, statement, [paging.Key(Adoption.name)], part)


def of_vcenter(session: Session, vcenter: VCenter) -> list[Adoption]:
    """The adoptions that are about a vCenter."""
    same = select(Adoption).where(Adoption.cloud_id == vcenter.cloud_id)
    return [one for one in session.scalars(same) if vcenter.id in one.vcenters]


def create(session: Session, actor: Actor, cloud_id: str, name: str, vcenters: Sequence[str]) -> Adoption:
    """Begin an adoption; nothing is read yet. Raises NotFound, Invalid, Conflict."""
    cloud = clouds.get(session, cloud_id)
    if session.scalar(select(Adoption.id).where(Adoption.name == name)):
        raise Conflict(say("taken", thing="adoption", name=name))
    if len(set(vcenters)) < len(vcenters):
        raise Invalid("body.vcenters", say("vcenter_twice"))
    for key in vcenters:
        found = session.get(VCenter, key)
        if found is None or found.cloud_id != cloud.id:
            raise Invalid("body.vcenters", say("vcenter_not_of_cloud", vcenter=key, cloud=cloud.name))
    made = Adoption(cloud_id=cloud.id, name=name, vcenters=list(vcenters))
    session.add(made)
    session.flush()
    entry.record(session, actor, "adoption.create", target(made), vcenters=list(vcenters))
    return made


def remove(session: Session, actor: Actor, key: str) -> None:
    """Forget an adoption, plan and journal. Raises NotFound, Conflict while OpenStack has something of it."""
    found = get(session, key, lock=True)
    refuse_busy(session, found)
    held = select(func.count()).where(JournalVm.adoption_id == found.id, JournalVm.state.in_(_HELD))
    things = select(func.count()).where(JournalThing.adoption_id == found.id, JournalThing.made)
    if session.scalar(held) or session.scalar(things):
        raise Conflict(say("adoption_in_openstack", adoption=found.name))
    for table in (JournalThing, JournalVm):
        session.execute(delete(table).where(table.adoption_id == found.id))
    session.delete(found)
    entry.record(session, actor, "adoption.remove", target(found))


def count(session: Session, adoption: Adoption) -> Counts:
    """How its VMs are."""
    mine = (AdoptionDocument.adoption_id == adoption.id, AdoptionDocument.kind == "server")
    states = select(AdoptionDocument.state, func.count()).where(*mine).group_by(AdoptionDocument.state)
    progress = select(JournalVm.state, func.count()).where(JournalVm.adoption_id == adoption.id)
    found: Counter[tuple[str, Severity]] = Counter()
    waits: Counter[str] = Counter()
    said: dict[str, Message] = {}
    contents = select(AdoptionDocument.content).where(AdoptionDocument.adoption_id == adoption.id)
    for content in session.scalars(contents):
        found.update((one["check"], one["severity"]) for one in content.get("findings", ()))
        for reason in map(_cause, content.get("undecided", ())):
            waits[reason.text] += 1
            said[reason.text] = reason
    return Counts(
        dict(session.execute(states).all()),  # type: ignore[arg-type]
        dict(session.execute(progress.group_by(JournalVm.state)).all()),  # type: ignore[arg-type]
        dict(found),
        [(said[text], number) for text, number in waits.items()],
    )


def _cause(undecided: Any) -> Message:
    """What a server waits for; which of its NICs does not matter."""
    message = _TOLD.validate_json(json.dumps(undecided)).message
    reason = message.params.get("reason")
    return reason if isinstance(reason, Message) else message


def subject(session: Session, adoption: Adoption) -> Subject:
    """What operations on it are about: one at a time."""
    cloud = clouds.get(session, adoption.cloud_id)
    return Subject(adoption.name, id=adoption.id, cloud_id=cloud.id, cloud_node=cloud.node)


def of_server(session: Session, server: Subject) -> tuple[Adoption, str]:
    """By which adoption a server came, and of which VM. Raises Conflict."""
    statement = (
        select(Adoption, JournalVm.vm)
        .join(JournalVm, JournalVm.adoption_id == Adoption.id)
        .where(Adoption.cloud_id == server.cloud_id, JournalVm.server == server.external_id)
        .where(JournalVm.state.in_(_HELD))
    )
    found = session.execute(statement).first()
    if found is None:
        raise Conflict(say("server_not_adopted", name=server.name))
    return found[0], found[1]


def refuse_busy(session: Session, adoption: Adoption) -> None:
    """Raise Conflict while an operation is under way with it: its plan must not change meanwhile."""
    busy = select(Operation).where(Operation.resource_id == adoption.id, Operation.state.in_(OPEN))
    if found := session.scalar(busy.limit(1)):
        raise Conflict(say("busy", action=found.action, name=adoption.name, operation=found.id))


def target(adoption: Adoption) -> Target:
    """The adoption, as the audit log names it."""
    return Target(adoption.id, adoption.name, f"/clouds/{adoption.cloud_id}")


def journal_of(session: Session, adoption_id: str, vms: Sequence[str]) -> dict[str, JournalVm]:
    """What the journal has of these VMs."""
    statement = select(JournalVm).where(JournalVm.adoption_id == adoption_id, JournalVm.vm.in_(vms))
    return {row.vm: row for row in session.scalars(statement)}
