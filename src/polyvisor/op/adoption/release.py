"""Let adopted VMs go: the cloud forgets them, and each is as it was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import select

from polyvisor.adoption.journal import Vm
from polyvisor.adoption.message import heard, together
from polyvisor.adoption.release import Released, release
from polyvisor.message import Message
from polyvisor.op.actions.action import Arguments
from polyvisor.op.adoption.apply import VmId
from polyvisor.op.adoption.work import Meter, counted, say_counted, summary, working
from polyvisor.op.db.models import Resource
from polyvisor.op.message import columns, say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError

NAME = "adoption.release"


class ReleaseArguments(Arguments):
    """Which VMs."""

    vms: list[VmId] | None = Field(
        default=None, min_length=1, max_length=10_000, description="null: all that were adopted."
    )


def _release(context: Context) -> Outcome:
    given = context.arguments["vms"]
    only = None if given is None else set(given)
    with working(context) as desk:
        before = desk.journal.vms()
        names = _names(context, [before[vm] for vm in sorted(only or ()) if vm in before])
        known = [
            vm.id
            for vm in before.values()
            if vm.state in {"adopted", "releasing"} and (only is None or vm.id in only)
        ]
        meter = Meter(context, len(known))
        outcome = release(desk.clouds, desk.sessions, desk.journal, meter, only=only)
        context.tell(items=_items(names, desk.journal.vms(), outcome))
        return _ended(context, outcome)


def _names(context: Context, vms: Sequence[Vm]) -> dict[str, str]:
    """What the servers of VMs are called, by the ids of the VMs; after a release nobody knows."""
    if "names" not in context.memory:
        servers = {str(vm.details.get("server")): vm.id for vm in vms}
        wanted = select(Resource.external_id, Resource.name).where(
            Resource.cloud_id == context.operation.cloud_id, Resource.external_id.in_(servers)
        )
        with context.platform.database.read() as session:
            names = {servers[server]: name for server, name in session.execute(wanted)}
        context.remember(names={vm.id: names.get(vm.id, vm.id) for vm in vms})
    found: dict[str, str] = context.memory["names"]
    return found


def _items(names: Mapping[str, str], after: Mapping[str, Vm], outcome: Released) -> list[dict[str, Any]]:
    """What became of each of the VMs that were named."""
    items = []
    for vm, name in names.items():
        state = "released" if after[vm].state == "released" else "failed"
        reasons = _reasons(vm, outcome)
        text, message = columns(together(reasons) if reasons else None)
        items.append({"name": name, "state": state, "reason": text, "message": message})
    return items


def _reasons(vm: str, outcome: Released) -> list[Message]:
    left = outcome.left.get(vm)
    return [left] if left else [heard(line) for line in outcome.changed.get(vm, ())]


def _ended(context: Context, outcome: Released) -> Done:
    numbers = summary(released=outcome.released, left=outcome.left, changed=outcome.changed)
    context.tell(
        **numbers,
        reasons={about: str(why) for about, why in outcome.left.items()},
        changes={vm: list(lines) for vm, lines in outcome.changed.items()},
        meanwhile={vm: list(lines) for vm, lines in outcome.meanwhile.items()},
    )
    if not outcome.complete:
        lines = [heard(line) for lines in outcome.changed.values() for line in lines]
        why = [*outcome.left.values(), *lines][:3]
        raise StepError(say("release_incomplete", counts=counted(numbers), reasons=why))
    return Done(say_counted(numbers))


STEPS = (Step("release", _release),)
