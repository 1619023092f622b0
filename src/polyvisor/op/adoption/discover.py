"""Read everything about the VMs of an adoption's vCenters, check it, and plan."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import Field

from polyvisor.adoption import discovery as discoveries
from polyvisor.adoption.discover import discover
from polyvisor.adoption.discovery import Discovery
from polyvisor.op.actions.action import Arguments
from polyvisor.op.adoption import plan_step
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption.work import adoption_of, telling, vcenters_of
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Adoption, AdoptionDiscovery, VCenter
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, at_once
from polyvisor.op.problem import CloudRefused

NAME = "adoption.discover"
_SHOW_SECONDS = 1.0


class DiscoverArguments(Arguments):
    """What to read."""

    tags: bool = Field(
        default=True,
        description="Tags too, for rules that are about them; vCenter's REST interface must answer.",
    )


def _read(context: Context) -> Outcome:
    adoption = adoption_of(context)
    counts = [
        say("vms_read", vcenter=one.name, count=_keep(context, adoption, one))
        for one in vcenters_of(context, adoption)
    ]
    return Done(say("all_of", reasons=counts))


def _keep(context: Context, adoption: Adoption, vcenter: VCenter) -> int:
    """Read a vCenter, and keep all of it; give how many VMs it has."""
    reach = vcenters.reach_of(context.platform, vcenter)
    with telling(context), vcenters.log_in(context.platform, reach) as session:
        found = discover(session, _Meter(context, vcenter.name), with_tags=context.arguments["tags"])
    if found.vcenter.uuid != vcenter.uuid:
        raise CloudRefused(
            say("vcenter_other_now", vcenter=vcenter.name, found=found.vcenter.uuid, known=vcenter.uuid)
        )
    content = _packed(found)
    with context.platform.database.write() as session:
        context.hold(session)
        session.merge(AdoptionDiscovery(adoption_id=adoption.id, vcenter_id=vcenter.id, content=content))
        session.get_one(Adoption, adoption.id).discovered_at = now()
    return len(found.vms)


def _packed(found: Discovery) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "discovery"
        discoveries.save(found, file)
        return file.read_bytes()


class _Meter:
    """Tells what is being read, and how much of it is there."""

    def __init__(self, context: Context, name: str) -> None:
        self._context, self._name = context, name
        self._due = 0.0

    def __call__(self, what: str, count: int) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _SHOW_SECONDS
            self._context.show(say("reading_vcenter", vcenter=self._name, part=what, count=count), 0)


STEPS = (Step("read", _read, at_once), plan_step.STEP)
