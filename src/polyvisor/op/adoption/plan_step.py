"""Check what was discovered, and plan: by rules, by what people have decided, and by what the cloud has."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from polyvisor.adoption import discovery as discoveries
from polyvisor.adoption import plan_file
from polyvisor.adoption.cloud_reader import read_cloud, read_rooms
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import Change, make_plan
from polyvisor.message import plain
from polyvisor.op.adoption import decision
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption.work import adoption_of, telling, vcenters_of
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Adoption, AdoptionDiscovery
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError, at_once

NAME = "adoption.plan"
#: More than anybody reads.
_MOST_CHANGES = 10_000


def _plan(context: Context) -> Outcome:
    adoption = adoption_of(context)
    found = _discoveries(context, adoption)
    with context.platform.database.read() as session:
        earlier = Earlier(None, list(plans.sources(session, adoption)))
    with telling(context):
        connection = context.platform.clouds.connect(adoption.cloud_id)
        context.show(say("reading_cloud"), 20)
        cloud = read_cloud(connection)
        context.show(say("checking"), 40)
        made, changes = make_plan(
            found, cloud, decision.book(adoption), earlier, lambda projects: read_rooms(connection, projects)
        )
    _keep(context, adoption, made, earlier, changes)
    return Done(say("vms_ready", ready=sum(1 for _ in made.ready()), total=len(made.servers)))


def _discoveries(context: Context, adoption: Adoption) -> list[Discovery]:
    return [_discovery(context, adoption, one.id, one.name) for one in vcenters_of(context, adoption)]


def _discovery(context: Context, adoption: Adoption, vcenter_id: str, name: str) -> Discovery:
    wanted = select(AdoptionDiscovery.content).where(
        AdoptionDiscovery.adoption_id == adoption.id, AdoptionDiscovery.vcenter_id == vcenter_id
    )
    with context.platform.database.read() as session:
        content = session.scalar(wanted)
    if content is None:
        raise StepError(say("vcenter_unread", vcenter=name))
    with TemporaryDirectory() as folder, telling(context):
        file = Path(folder) / "discovery"
        file.write_bytes(content)
        return discoveries.load(file)


def _keep(context: Context, adoption: Adoption, made: Plan, earlier: Earlier, changes: list[Change]) -> None:
    context.show(say("writing_plan"), 80)
    texts = {plan_file.key(document): plan_file.render(document, earlier) for document in made.documents}
    with context.platform.database.write() as session:
        context.hold(session)
        kept = session.get_one(Adoption, adoption.id)
        plans.put(session, kept, made, texts)
        kept.planned_at, kept.stale = now(), False
        kept.changes = [
            {"vm": one.vm, "what": str(one.what), "message": plain(one.what)}
            for one in changes[:_MOST_CHANGES]
        ]
    context.tell(vms=len(made.servers), ready=sum(1 for _ in made.ready()), changes=len(changes))


STEP = Step("plan", _plan, at_once)
STEPS = (STEP,)
