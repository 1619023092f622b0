"""Plans and what was found, as tables and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from polyvisor.adoption.checks import registry
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Finding, Plan, Server, State
from polyvisor.adoption.planner import Change

_COLOURS: dict[State, str] = {"ready": "green", "undecided": "yellow", "blocked": "red", "left out": "dim"}
_MOST_CHANGES = 20


def discovered(found: Discovery, file: Path) -> dict[str, Any]:
    """What a discovery has, in numbers."""
    center = found.vcenter
    return {
        "vcenter": {"uuid": center.uuid, "address": center.address, "version": center.version},
        "missing_privileges": {path: list(names) for path, names in center.missing_privileges.items()},
        "vms": len(found.vms),
        "port_groups": len(found.segments),
        "file": str(file),
    }


def print_discovered(found: Discovery, file: Path, console: Console) -> None:
    """The same for people."""
    center = found.vcenter
    console.print(
        f"vCenter {center.address} ({center.version}): {len(found.vms)} VMs, "
        f"{len(found.segments)} port groups; written to {file}",
        highlight=False,
        soft_wrap=True,
    )
    for path, names in center.missing_privileges.items():
        console.print(f"[red]missing on {escape(path)}:[/] {', '.join(names)}", soft_wrap=True)


def summary(plan: Plan) -> dict[str, Any]:
    """A plan in numbers."""
    return {
        "states": dict(Counter(server.state for server in plan.servers)),
        "findings": dict(Counter(finding.check for finding in _findings(plan))),
        "undecided": dict(_waiting(plan)),
        "networks": [network.model_dump(mode="json") for network in plan.networks],
        "flavors": [flavor.model_dump(mode="json") for flavor in plan.flavors],
        "vcenters": dict(plan.header.vcenters),
    }


def _waiting(plan: Plan) -> Counter[str]:
    """How many VMs wait for what; which of their NICs does not matter here."""
    return Counter(reason.partition(":")[0] for server in plan.servers for reason in server.waits)


def changes(found: Sequence[Change]) -> list[dict[str, Any]]:
    """What changed in vCenter."""
    return [{"vm": change.vm, "what": str(change.what)} for change in found]


def shown(plan: Plan, servers: Sequence[Server]) -> dict[str, Any]:
    """The plan in numbers, and the servers that were asked for."""
    found = [server.model_dump(mode="json") | {"undecided": server.waits} for server in servers]
    return {**summary(plan), "servers": found}


def checks() -> list[dict[str, str]]:
    """All checks."""
    return [
        {"id": name, "severity": check.severity, "title": check.title, "way_out": check.way_out}
        for name, check in registry().items()
    ]


def choose(plan: Plan, *, vm: str | None, state: str | None, check: str | None) -> list[Server]:
    """The servers that all of what is given is true of.

    Raises:
        AdoptionError: no VM is named so.
    """
    chosen = [
        server
        for server in plan.servers
        if (vm is None or vm in {server.server, server.id, server.vm.path, server.vm.path.rpartition("/")[2]})
        and (state is None or server.state == state)
        and (check is None or any(finding.check == check for finding in server.findings))
    ]
    if vm and not chosen:
        raise InputError(f"the plan has no VM named {vm}; give its name, its path or its id")
    return chosen


def choose_one(plan: Plan, vm: str) -> Server:
    """The VM that is named, for something to be done with it.

    Raises:
        AdoptionError: there is none, or several: each vCenter and folder can have one of that name.
    """
    chosen = choose(plan, vm=vm, state=None, check=None)
    if len(chosen) > 1:
        ids = ", ".join(f"{server.id} (in {plan.header.vcenters[server.vcenter]})" for server in chosen)
        raise InputError(f"the plan has {len(chosen)} VMs named {vm}; give the id of one: {ids}")
    return chosen[0]


def print_changes(found: Sequence[Change], console: Console) -> None:
    """What changed in vCenter since the plan was made before."""
    for change in found[:_MOST_CHANGES]:
        console.print(
            f"changed: {escape(change.vm)}: {escape(str(change.what))}", highlight=False, soft_wrap=True
        )
    if len(found) > _MOST_CHANGES:
        console.print(f"… and {len(found) - _MOST_CHANGES} more changes; --format json has all")


def print_summary(plan: Plan, console: Console) -> None:
    """How many are ready, what is to be made, and what is waited for."""
    states = Counter(server.state for server in plan.servers)
    for state, colour in _COLOURS.items():
        console.print(f"[{colour}]{states[state]:>7}[/] {state}", highlight=False)
    made = [network.network for network in plan.networks if network.id is None]
    flavors = [flavor.flavor for flavor in plan.flavors if flavor.id is None]
    console.print(
        f"To be made: {len(made)} of {len(plan.networks)} networks, "
        f"{len(flavors)} of {len(plan.flavors)} flavors.",
        highlight=False,
    )
    _print_findings(plan, console)
    for reason, count in _waiting(plan).most_common(_MOST_CHANGES):
        console.print(f"{count:>7} wait for: {escape(reason)}", highlight=False, soft_wrap=True)


def _print_findings(plan: Plan, console: Console) -> None:
    counted = Counter((finding.severity, finding.check) for finding in _findings(plan))
    if not counted:
        return
    table = Table("check", "severity", "findings", "what")
    table.columns[2].justify = "right"
    for (severity, name), count in sorted(counted.items()):
        check = registry().get(name)
        table.add_row(name, severity, str(count), check.title if check else "")
    console.print(table)


def _findings(plan: Plan) -> Iterable[Finding]:
    for document in plan.documents:
        yield from getattr(document, "findings", ())


def print_list(servers: Sequence[Server], plan: Plan, console: Console) -> None:
    """A line for each server."""
    table = Table("VM", "server", "project", "state", "waits for")
    for server in servers:
        waiting = [*server.waits, *(item.check for item in server.findings if item.severity == "blocks")]
        colour = _COLOURS[server.state]
        cells = (plan.place(server), server.server, server.project or "-")
        table.add_row(*map(escape, cells), f"[{colour}]{server.state}[/]", escape("; ".join(waiting)))
    console.print(table)


def print_servers(servers: Sequence[Server], plan: Plan, console: Console) -> None:
    """All about each server."""
    for server in servers:
        colour = _COLOURS[server.state]
        console.print(
            f"{escape(plan.place(server))} → server {escape(server.server)}: [{colour}]{server.state}[/]"
        )
        facts = Table(show_header=False, box=None)
        for name, value in _rows(server):
            facts.add_row(name, escape(value))
        console.print(facts)
        around = [
            network for network in plan.networks if network.network in {p.network for p in server.made_ports}
        ]
        for finding in (
            *plan.header.findings,
            *(f for network in around for f in network.findings),
            *server.findings,
        ):
            _print_finding(finding, console)


def _rows(server: Server) -> Iterable[tuple[str, str]]:
    yield "project", server.project or "-"
    yield "flavor", server.flavor or "-"
    yield "compute", server.compute or "-"
    for port in server.ports:
        addresses = "not known" if port.addresses is None else ", ".join(port.addresses) or "none"
        where = f"{port.network}: {addresses}" if port.made else "stays with vCenter alone"
        yield f"nic {port.nic}", f"{port.mac} on {where}"
    for volume in server.volumes:
        fate = f"volume {volume.volume}" if volume.take else f"stays: {volume.because or 'as told'}"
        yield f"disk {volume.disk}", f"{volume.size_gb} GB, {fate}"
    for check, why in server.decisions.items():
        yield "decided", f"{check}: {why}"
    for reason in server.waits:
        yield "waits for", reason


def _print_finding(finding: Finding, console: Console) -> None:
    check = registry().get(finding.check)
    item = f" ({finding.item})" if finding.item else ""
    console.print(
        f"  {finding.severity}: {finding.check}{item}: {finding.says}", markup=False, highlight=False
    )
    if check:
        console.print(f"    {check.way_out}", style="dim", markup=False, highlight=False)


def print_checks(console: Console) -> None:
    """All checks."""
    table = Table("check", "severity", "finds", "way out")
    for name, check in registry().items():
        table.add_row(name, check.severity, escape(check.title), escape(check.way_out))
    console.print(table)
