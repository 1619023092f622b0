"""`polyvisor adopt apply | status | verify | release`."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from polyvisor.adoption import journal, plan_file
from polyvisor.adoption.apply import PARALLEL, apply
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.release import release
from polyvisor.adoption.verify import verify
from polyvisor.adoption.work import PATIENCE
from polyvisor.cli import adoption_report as report
from polyvisor.cli import adoption_view as view
from polyvisor.cli.adoption import UNFINISHED, adopt, connect, format_option
from polyvisor.cli.adoption_progress import watching
from polyvisor.cli.adoption_vcenter import EXISTING, sessions, vcenter_options, vcenters_option

_plan = click.argument("plan_path", metavar="PLAN", type=EXISTING)
_cloud = click.option(
    "--os-cloud", envvar="OS_CLOUD", show_envvar=True, help="An administrator's, of clouds.yaml."
)
_vms = click.option(
    "--vm", "names", multiple=True, help="These VMs alone: name, path or id. May be given several times."
)


@adopt.command("apply")
@_plan
@_vms
@click.option("--parallel", type=click.IntRange(1, 256), default=PARALLEL, show_default=True)
@click.option(
    "--patience",
    type=click.FloatRange(min=1),
    default=PATIENCE,
    show_default=True,
    help="Seconds for Nova or Cinder to do one thing for one VM; what takes longer is undone.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be done, by what is the case now.")
@vcenter_options
@vcenters_option
@_cloud
@format_option
def apply_command(  # noqa: PLR0913, PLR0917 - one for each option
    plan_path: Path,
    names: tuple[str, ...],
    parallel: int,
    patience: float,
    dry_run: bool,
    vcenters_file: Path | None,
    os_cloud: str | None,
    form: str,
    **vcenter: Any,
) -> None:
    """Adopt the VMs of PLAN that are ready. Again: go on, and try again what failed."""
    plan = plan_file.load(plan_path)
    only = _chosen(plan, names)
    count = sum(1 for server in plan.ready() if only is None or server.id in only)
    with (
        _working(plan_path, os_cloud) as (clouds, written),
        sessions(vcenters_file, **vcenter) as found,
        watching(plan, plan_path, count, "Adopting") as on_progress,
    ):
        outcome = apply(
            plan,
            clouds,
            found,
            written,
            on_progress,
            only=only,
            parallel=parallel,
            patience=patience,
            dry_run=dry_run,
        )
    if form == "json":
        click.echo(json.dumps(report.applied(outcome)))
    else:
        report.print_applied(outcome, plan, Console())
    raise SystemExit(0 if outcome.complete else UNFINISHED)


@adopt.command("status")
@_plan
@format_option
def status_command(plan_path: Path, form: str) -> None:
    """Show how far each VM of PLAN is, also while it is being applied."""
    plan = plan_file.load(plan_path)
    file = journal.beside(plan_path)
    vms: Mapping[str, journal.Vm] = {}
    if file.exists():
        with closing(journal.FileJournal(file)) as written:
            vms = written.vms()
    if form == "json":
        click.echo(json.dumps(report.status(plan, vms)))
    else:
        report.print_status(plan, vms, Console())


@adopt.command("verify")
@_plan
@vcenter_options
@vcenters_option
@_cloud
@format_option
def verify_command(
    plan_path: Path, vcenters_file: Path | None, os_cloud: str | None, form: str, **vcenter: Any
) -> None:
    """Compare the adopted servers of PLAN in OpenStack and in vCenter, field by field."""
    plan = plan_file.load(plan_path)
    console = Console(stderr=True)
    with (
        closing(journal.FileJournal(_journal(plan_path))) as written,
        sessions(vcenters_file, **vcenter) as found,
        console.status("Reading") as status,
    ):
        clouds = Clouds(connect(os_cloud))
        verified = verify(
            plan, clouds, found, written, lambda step: status.update(f"{step.about}: {step.stage}")
        )
    if form == "json":
        click.echo(json.dumps(report.verified(verified)))
    else:
        report.print_verified(verified, plan, Console())
    raise SystemExit(UNFINISHED if verified.drifted else 0)


@adopt.command("release")
@_plan
@_vms
@vcenter_options
@vcenters_option
@_cloud
@format_option
def release_command(
    plan_path: Path,
    names: tuple[str, ...],
    vcenters_file: Path | None,
    os_cloud: str | None,
    form: str,
    **vcenter: Any,
) -> None:
    """Let OpenStack forget the adopted VMs of PLAN. They run on, and are as they were found."""
    plan = plan_file.load(plan_path)
    only = _chosen(plan, names)
    _journal(plan_path)
    with (
        _working(plan_path, os_cloud) as (clouds, written),
        sessions(vcenters_file, **vcenter) as found,
        watching(plan, plan_path, _adopted(written, only), "Releasing") as on_progress,
    ):
        outcome = release(clouds, found, written, on_progress, only=only)
    if form == "json":
        click.echo(json.dumps(report.released(outcome)))
    else:
        report.print_released(outcome, plan, Console())
    raise SystemExit(0 if outcome.complete else UNFINISHED)


@contextmanager
def _working(plan_path: Path, os_cloud: str | None) -> Iterator[tuple[Clouds, journal.FileJournal]]:
    """Nobody else works on the plan meanwhile."""
    with (
        journal.exclusive(plan_path),
        closing(journal.FileJournal(journal.beside(plan_path))) as written,
    ):
        yield Clouds(connect(os_cloud)), written


def _journal(plan_path: Path) -> Path:
    file = journal.beside(plan_path)
    if not file.exists():
        raise InputError(f"{plan_path} has not been applied: there is no {file}")
    return file


def _chosen(plan: Plan, names: Collection[str]) -> set[str] | None:
    if not names:
        return None
    return {view.choose_one(plan, name).id for name in names}


def _adopted(written: journal.Journal, only: Collection[str] | None) -> int:
    vms = written.vms().values()
    return sum(1 for vm in vms if vm.state in {"adopted", "releasing"} and (only is None or vm.id in only))
