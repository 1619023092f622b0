"""What apply, status, verify and release found and did, as tables and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from polyvisor.adoption.apply import Outcome
from polyvisor.adoption.journal import Vm
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.release import Released
from polyvisor.adoption.verify import Verified
from polyvisor.message import Message

_MOST_SETTINGS = 3


def applied(outcome: Outcome) -> dict[str, Any]:
    """The outcome of apply."""
    texts = {name: _texts(getattr(outcome, name)) for name in ("failed", "refused", "left")}
    return asdict(outcome) | texts


def print_applied(outcome: Outcome, plan: Plan, console: Console) -> None:
    """The same for people: numbers, then what did not succeed, with the reasons."""
    if outcome.waiting:
        console.print(f"{len(outcome.waiting)} would be adopted.")
    console.print(f"[green]{len(outcome.adopted):>7}[/] adopted", highlight=False)
    rows = [
        *((vm, "failed", str(why)) for vm, why in outcome.failed.items()),
        *((vm, "left alone", str(why)) for vm, why in outcome.refused.items()),
        *((vm, "not undone yet", str(why)) for vm, why in outcome.left.items()),
        *((vm, "changed", "; ".join(lines)) for vm, lines in outcome.changed.items()),
    ]
    _print(rows, plan, console)


def status(plan: Plan, vms: Mapping[str, Vm]) -> dict[str, Any]:
    """How far each VM is."""
    return {"vms": [dict(zip(("vm", "id", "state", "says"), row, strict=True)) for row in _status(plan, vms)]}


def print_status(plan: Plan, vms: Mapping[str, Vm], console: Console) -> None:
    """The same for people."""
    rows = list(_status(plan, vms))
    for state, count in Counter(row[2] for row in rows).most_common():
        console.print(f"{count:>7} {state}", highlight=False)
    table = Table("VM", "state", "")
    for path, _id, state, says in rows:
        table.add_row(escape(path), state, escape(says))
    console.print(table)


def _status(plan: Plan, vms: Mapping[str, Vm]) -> Iterator[tuple[str, str, str, str]]:
    for server in plan.servers:
        vm = vms.get(server.id)
        if vm is None:
            waits = "; ".join(server.waits)
            state = "not begun" if server.state == "ready" else "left alone"
            yield plan.place(server), server.id, state, waits if server.state == "undecided" else server.state
        else:
            says = str(vm.reason or (f"server {vm.details['server']}" if vm.state == "adopted" else ""))
            yield plan.place(server), server.id, vm.state, f"{says}; left: {vm.left}" if vm.left else says


def verified(found: Verified) -> dict[str, Any]:
    """The outcome of verify."""
    differences = [asdict(item) | {"says": str(item.says)} for item in found.differences]
    return {"servers": found.servers, "differences": differences}


def print_verified(found: Verified, plan: Plan, console: Console) -> None:
    """The same for people."""
    drifts = sum(1 for item in found.differences if item.drift)
    console.print(f"{found.servers} servers, {drifts} contradictions between OpenStack and vCenter")
    rows = [
        (item.vm, item.field if item.drift else f"{item.field} (no contradiction)", str(item.says))
        for item in sorted(found.differences, key=lambda item: (not item.drift, item.vm))
    ]
    _print(rows, plan, console)


def released(outcome: Released) -> dict[str, Any]:
    """The outcome of release."""
    return asdict(outcome) | {"left": _texts(outcome.left)}


def print_released(outcome: Released, plan: Plan, console: Console) -> None:
    """The same for people."""
    console.print(f"{len(outcome.released)} released")
    rows = [
        *((vm, "not removed yet", str(why)) for vm, why in outcome.left.items()),
        *((vm, "not as found", "; ".join(lines)) for vm, lines in outcome.changed.items()),
        *((vm, "changed while adopted", _some(lines)) for vm, lines in outcome.meanwhile.items()),
    ]
    _print(rows, plan, console)


def _texts(reasons: Mapping[str, Message]) -> dict[str, str]:
    return {about: str(reason) for about, reason in reasons.items()}


def _some(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - _MOST_SETTINGS} more" if len(lines) > _MOST_SETTINGS else ""
    return "; ".join(lines[:_MOST_SETTINGS]) + more


def _print(rows: list[tuple[str, str, str]], plan: Plan, console: Console) -> None:
    if not rows:
        return
    names = {server.id: plan.place(server) for server in plan.servers}
    table = Table("VM", "", "why")
    for about, what, why in rows:
        table.add_row(*map(escape, (names.get(about, about), what, why)))
    console.print(table)
