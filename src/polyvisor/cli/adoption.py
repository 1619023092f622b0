"""`polyvisor adopt`: what is in a vCenter becomes servers of OpenStack, in place."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import openstack
from rich.console import Console

from polyvisor.adoption import checks, discovery, plan_file, rules
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.cloud_reader import REFUSALS, read_cloud, read_rooms
from polyvisor.adoption.discover import discover as read_vcenter
from polyvisor.adoption.errors import AdoptionError, InputError
from polyvisor.adoption.planner import make_plan
from polyvisor.cli import adoption_view as view
from polyvisor.cli.adoption_vcenter import EXISTING, endpoint, vcenter_options
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.session import Session

_FILE = click.Path(path_type=Path, dir_okay=False)
#: The command did what it should, but not for all VMs, or not all is well with them.
UNFINISHED = 3

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print. JSON goes to standard output alone, all else to standard error.",
)
_exit_code = click.option(
    "--exit-code", is_flag=True, help=f"End with {UNFINISHED} if a VM is undecided or blocked."
)


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (AdoptionError, VSphereError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
def adopt() -> None:
    """Take VMs that vCenter has under OpenStack, in place: discover, plan, show, apply, verify, release."""


@adopt.command()
@vcenter_options
@click.option("--no-tags", is_flag=True, help="Do not read tags, which needs vCenter's REST interface.")
@click.option("--output", "-o", type=_FILE, required=True, help="File to write.")
@format_option
def discover(no_tags: bool, output: Path, form: str, **vcenter: Any) -> None:
    """Read everything about a vCenter's VMs into a file. Nothing is changed."""
    console = Console(stderr=True)
    with (
        closing(Session(endpoint(**vcenter))) as session,
        console.status("Logging in") as status,
    ):
        found = read_vcenter(
            session,
            lambda what, count: status.update(f"Reading {what}: {count or ''}"),
            with_tags=not no_tags,
        )
    discovery.save(found, output)
    if form == "json":
        click.echo(json.dumps(view.discovered(found, output)))
    else:
        view.print_discovered(found, output, console)


@adopt.command()
@click.argument("discoveries", nargs=-1, required=True, type=EXISTING)
@click.option("--rules", "rules_path", type=EXISTING, help="Rules by which the plan is filled.")
@click.option(
    "--plan", "plan_path", type=_FILE, required=True, help="File to write; one that is there is kept up."
)
@click.option("--os-cloud", envvar="OS_CLOUD", show_envvar=True, help="An administrator's, of clouds.yaml.")
@click.option("--offline", is_flag=True, help="Do not look at OpenStack: nothing is compared with it.")
@_exit_code
@format_option
def plan(  # noqa: PLR0913, PLR0917 - one for each option
    discoveries: tuple[Path, ...],
    rules_path: Path | None,
    plan_path: Path,
    os_cloud: str | None,
    offline: bool,
    exit_code: bool,
    form: str,
) -> None:
    """Make a plan of DISCOVERIES, or bring one up to date, edits kept. It changes nothing but the file."""
    console = Console(stderr=True)
    book = rules.RuleBook(*rules.load(rules_path)) if rules_path else rules.RuleBook(rules.Rules(), {})
    earlier = plan_file.Earlier(plan_path if plan_path.exists() else None)
    with console.status("Reading") as status:
        found = [discovery.load(file) for file in discoveries]
        connection = None if offline else connect(os_cloud)
        status.update("Reading OpenStack")
        cloud = read_cloud(connection) if connection else Cloud()
        status.update("Checking and planning")
        made, changes = make_plan(
            found,
            cloud,
            book,
            earlier,
            lambda projects: read_rooms(connection, projects) if connection else {},
        )
        plan_file.save(made, plan_path, earlier)
    if form == "json":
        click.echo(json.dumps({**view.summary(made), "changes": view.changes(changes)}))
    else:
        view.print_changes(changes, console)
        view.print_summary(made, console)
        if offline:
            console.print("OpenStack was not looked at: no comparison with its servers, ports and quotas.")
    raise SystemExit(_code(made, exit_code))


def connect(cloud: str | None) -> Any:
    """The user's OpenStack."""
    try:
        return openstack.connect(cloud=cloud)
    except REFUSALS as exc:
        raise InputError(f"OpenStack: {exc}; see --os-cloud and --offline") from exc


def _code(made: Any, wanted: bool) -> int:
    unfinished = any(server.state in {"undecided", "blocked"} for server in made.servers)
    return UNFINISHED if wanted and unfinished else 0


@adopt.command()
@click.argument("plan_path", metavar="PLAN", type=EXISTING)
@click.option("--vm", help="Show this VM alone, with all that was found: name, path or id.")
@click.option(
    "--state", type=click.Choice(["ready", "undecided", "blocked", "left out"]), help="List these VMs."
)
@click.option("--check", help="List the VMs about which this check found something.")
@_exit_code
@format_option
def show(  # noqa: PLR0913, PLR0917 - one for each option
    plan_path: Path, vm: str | None, state: str | None, check: str | None, exit_code: bool, form: str
) -> None:
    """Show what PLAN would do, and what it waits for."""
    made = plan_file.load(plan_path)
    if check and check not in checks.registry():
        raise InputError(f"there is no check {check}; see `polyvisor adopt checks`")
    chosen = view.choose(made, vm=vm, state=state, check=check)
    if form == "json":
        click.echo(json.dumps(view.shown(made, chosen)))
    elif vm:
        view.print_servers(chosen, made, Console())
    elif state or check:
        view.print_list(chosen, made, Console())
    else:
        view.print_summary(made, Console())
    raise SystemExit(_code(made, exit_code))


@adopt.command("checks")
@format_option
def list_checks(form: str) -> None:
    """List all checks: what each finds, and the way out."""
    if form == "json":
        click.echo(json.dumps(view.checks()))
    else:
        view.print_checks(Console())
