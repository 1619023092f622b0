"""Let adopted VMs go: the cloud forgets them, and each is as it was found."""

from __future__ import annotations

from pydantic import Field

from polyvisor.adoption.release import Released, release
from polyvisor.op.actions.action import Arguments
from polyvisor.op.adoption.apply import VmId
from polyvisor.op.adoption.work import Meter, summary, working
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
        known = [
            vm.id
            for vm in desk.journal.vms().values()
            if vm.state in {"adopted", "releasing"} and (only is None or vm.id in only)
        ]
        meter = Meter(context, len(known))
        return _ended(context, release(desk.clouds, desk.sessions, desk.journal, meter, only=only))


def _ended(context: Context, outcome: Released) -> Done:
    numbers = summary(released=outcome.released, left=outcome.left, changed=outcome.changed)
    context.tell(
        **numbers,
        reasons=outcome.left,
        changes={vm: list(lines) for vm, lines in outcome.changed.items()},
        meanwhile={vm: list(lines) for vm, lines in outcome.meanwhile.items()},
    )
    says = ", ".join(f"{number} {name}" for name, number in numbers.items() if number) or "nothing to do"
    if not outcome.complete:
        why = "; ".join(list(outcome.left.values())[:3])
        raise StepError(f"not all went well: {says}; {why}".rstrip("; "))
    return Done(says)


STEPS = (Step("release", _release),)
