"""Compare what OpenStack and what vCenter say of adopted servers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import update

from polyvisor.adoption.verify import Verified, verify
from polyvisor.message import plain
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption.work import Meter, working
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Adoption, AdoptionDocument
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, at_once

NAME = "adoption.verify"


def _verify(context: Context) -> Outcome:
    with working(context) as desk:
        with context.platform.database.read() as session:
            plan = plans.load(session, desk.adoption)
        found = verify(plan, desk.clouds, desk.sessions, desk.journal, Meter(context, 0))
    _keep(context, desk.adoption, found)
    drifts = sum(1 for one in found.differences if one.drift)
    context.tell(servers=found.servers, differences=len(found.differences), contradictions=drifts)
    return Done(say("verified", servers=found.servers, drifts=drifts))


def _keep(context: Context, adoption: Adoption, found: Verified) -> None:
    """Each VM keeps its differences until the next comparison."""
    by_vm: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in found.differences:
        told = {"says": str(one.says), "message": plain(one.says)}
        by_vm[one.vm].append({"field": one.field, "drift": one.drift, **told})
    mine = (AdoptionDocument.adoption_id == adoption.id, AdoptionDocument.kind == "server")
    with context.platform.database.write() as session:
        context.hold(session)
        session.execute(update(AdoptionDocument).where(*mine).values(differences=None))
        for vm, differences in by_vm.items():
            same = update(AdoptionDocument).where(*mine, AdoptionDocument.key == vm)
            session.execute(same.values(differences=differences))
        session.get_one(Adoption, adoption.id).verified_at = now()


STEPS = (Step("verify", _verify, at_once),)
