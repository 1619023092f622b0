"""Adopt the VMs of a plan that are ready, and tell how it went with each."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from polyvisor.adoption.apply import PARALLEL, Outcome, apply
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.release import release
from polyvisor.message import plain
from polyvisor.op.actions.action import Arguments
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption.journal import Cancelled
from polyvisor.op.adoption.work import Desk, Meter, counted, say_counted, summary, working
from polyvisor.op.message import say
from polyvisor.op.operations import step
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Step, StepError, Wait

NAME = "adoption.apply"
VM_ID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:vm-[0-9]+$"
VmId = Annotated[str, StringConstraints(pattern=VM_ID)]


class ApplyArguments(Arguments):
    """Which VMs, and how."""

    vms: list[VmId] | None = Field(
        default=None, min_length=1, max_length=10_000, description="null: all that are ready."
    )
    parallel: int = Field(default=PARALLEL, ge=1, le=256, description="VMs under way at a time.")
    dry_run: bool = Field(default=False, description="Tell what would be done, by what is the case now.")


def _apply(context: Context) -> step.Outcome:
    given = context.arguments
    only = None if given["vms"] is None else set(given["vms"])
    with working(context) as desk:
        with context.platform.database.read() as session:
            plan = plans.load(session, desk.adoption)
        try:
            outcome = apply(
                plan,
                desk.clouds,
                desk.sessions,
                desk.journal,
                Meter(context, _count(plan, only)),
                only=only,
                parallel=given["parallel"],
                dry_run=given["dry_run"],
            )
        except Cancelled:
            return Wait(say("stops_beginning"), seconds=0)
    return _ended(context, outcome)


def _count(plan: Plan, only: set[str] | None) -> int:
    return sum(1 for server in plan.ready() if only is None or server.id in only)


def _ended(context: Context, outcome: Outcome) -> Done:
    numbers = summary(
        adopted=outcome.adopted,
        failed=outcome.failed,
        refused=outcome.refused,
        left=outcome.left,
        changed=outcome.changed,
    )
    if context.arguments["dry_run"]:
        refused = {vm: str(why) for vm, why in outcome.refused.items()}
        messages = {vm: plain(why) for vm, why in outcome.refused.items()}
        context.tell(waiting=list(outcome.waiting), refused=refused, messages=messages)
        return Done(say("apply_trial", waiting=len(outcome.waiting), refused=len(outcome.refused)))
    context.tell(**numbers)
    if not outcome.complete:
        raise StepError(say("apply_incomplete", counts=counted(numbers)))
    return Done(say_counted(numbers))


def _abandon(context: Context) -> bool:
    """What was made for VMs that are not begun with now, goes."""
    if not context.arguments["dry_run"]:
        with working(context) as desk:
            clean(desk)
    return True


def clean(desk: Desk) -> None:
    """Undo what is half done, and remove networks and flavors that no VM is on."""
    release(desk.clouds, desk.sessions, desk.journal, only=())


STEPS = (Step("apply", _apply, _abandon),)
