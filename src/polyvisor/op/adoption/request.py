"""Operations on an adoption, one at a time: what has to be there before each, and its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from polyvisor.op.actions.action import Arguments
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import apply, discover, plan_step, release, verify
from polyvisor.op.adoption import plan as plans
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import Adoption, Operation
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.operations import operation as operations
from polyvisor.op.operations.operation import Part, Wish
from polyvisor.op.operations.step import Step
from polyvisor.op.operations.subject import Subject
from polyvisor.op.problem import Conflict, NotFound

STEPS: Mapping[str, tuple[Step, ...]] = {
    discover.NAME: discover.STEPS,
    plan_step.NAME: plan_step.STEPS,
    apply.NAME: apply.STEPS,
    verify.NAME: verify.STEPS,
    release.NAME: release.STEPS,
}


def submit(  # noqa: PLR0913, PLR0917 - what an operation consists of
    session: Session,
    actor: Actor,
    adoption: Adoption,
    name: str,
    arguments: Arguments,
    key: str | None = None,
) -> Operation:
    """Have an operation on an adoption begin.

    Raises NotFound, Conflict if something is missing or under way, Invalid for a key of another wish.
    """
    wish = Wish(name, arguments.model_dump(), [step.name for step in STEPS[name]], key)
    if found := operations.repeated(session, actor, wish, adoption.id):
        return found
    # Whoever changes the plan has this lock too: no decision falls between a plan's reading and writing.
    adoptions.get(session, adoption.id, lock=True)
    _ADMIT[name](session, adoption, arguments)
    return operations.submit(session, actor, wish, adoptions.subject(session, adoption))


def release_servers(
    session: Session, actor: Actor, servers: Sequence[Subject], key: str | None = None
) -> Operation:
    """Have adopted servers released: an operation with a part for each adoption by which they came.

    An adoption is worked on by one operation at a time, which takes many VMs at once. Servers that were not
    adopted have parts of their own, which have failed. Raises Invalid for a key of another wish.
    """
    wish = Wish(release.NAME, {}, [step.name for step in release.STEPS], key)
    vms: dict[str, list[str]] = defaultdict(list)
    parts = []
    for server in servers:
        try:
            adoption, vm = adoptions.of_server(session, server)
            vms[adoption.id].append(vm)
        except Conflict as reason:
            # What such operations are about are adoptions; this one has none.
            parts.append(Part(replace(server, id=None), {"vms": []}, reason.message))
    for adoption_id in sorted(vms):
        adoption = adoptions.get(session, adoption_id, lock=True)
        parts.append(Part(adoptions.subject(session, adoption), {"vms": vms[adoption_id]}))
    return operations.submit_parts(session, actor, wish, servers, parts)


def _admit_discover(_session: Session, _adoption: Adoption, _arguments: Any) -> None:
    """Nothing has to be there."""


def _admit_plan(_session: Session, adoption: Adoption, _arguments: Any) -> None:
    if adoption.discovered_at is None:
        raise Conflict(say("nothing_discovered", adoption=adoption.name))


def _admit_verify(session: Session, adoption: Adoption, _arguments: Any) -> None:
    plans.require(session, adoption)


def _admit_apply(session: Session, adoption: Adoption, arguments: Any) -> None:
    cloud = clouds.get(session, adoption.cloud_id)
    if not (cloud.capabilities.get("polyvisor") or {}).get("compute"):
        raise Conflict(say("cloud_cannot_adopt", cloud=cloud.name))
    if cloud.draining:
        raise Conflict(say("cloud_is_draining", cloud=cloud.name))
    plans.require(session, adoption)
    for row in plans.require_vms(session, adoption, arguments.vms or ()):
        if row.state != "ready":
            raise Conflict(say("vm_not_ready", vm=row.content["vm"]["path"], state=row.state))


def _admit_release(session: Session, adoption: Adoption, arguments: Any) -> None:
    known = adoptions.journal_of(session, adoption.id, arguments.vms or ())
    for vm in arguments.vms or ():
        if vm not in known:
            raise NotFound(say("vm_never_adopted", vm=vm, adoption=adoption.name))


_ADMIT: Mapping[str, Callable[[Session, Adoption, Any], None]] = {
    discover.NAME: _admit_discover,
    plan_step.NAME: _admit_plan,
    apply.NAME: _admit_apply,
    verify.NAME: _admit_verify,
    release.NAME: _admit_release,
}
