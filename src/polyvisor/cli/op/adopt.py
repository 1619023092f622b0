"""`polyvisor op adopt`."""

from __future__ import annotations

import re
import time
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import select

from polyvisor.adoption import rules as rule_files
from polyvisor.adoption.errors import AdoptionError
from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.actions.action import Arguments, NoArguments
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import apply as apply_operation
from polyvisor.op.adoption import decision, plan_step, request
from polyvisor.op.adoption import discover as discover_operation
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption import release as release_operation
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption import verify as verify_operation
from polyvisor.op.adoption.apply import VM_ID, ApplyArguments
from polyvisor.op.adoption.discover import DiscoverArguments
from polyvisor.op.adoption.release import ReleaseArguments
from polyvisor.op.api.schemas.adoption import AdoptionOut
from polyvisor.op.api.schemas.operation import OperationOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import Adoption, Operation
from polyvisor.op.db.models.operation import OPEN, State
from polyvisor.op.platform import Platform

_FILE = click.Path(path_type=Path, dir_okay=False)
_EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)
_COLUMNS = ("name", "id", "discovered_at", "planned_at", "stale", "verified_at")
_LOOK_SECONDS = 1.0
_adoption = click.argument("key", metavar="ADOPTION")


def _vm_ids(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        if not re.fullmatch(VM_ID, one):
            raise click.BadParameter(f"{one!r} is not of the form <instance UUID of the vCenter>:vm-<number>")
    return value


_vms = click.option("--vm", "vms", multiple=True, callback=_vm_ids, help="Only these ids; repeatable.")


@click.group(cls=Group)
def adopt() -> None:
    """Take VMs of vCenters under a cloud, in place. ADOPTION is a name or an id; a worker must be running."""


@adopt.command()
@click.argument("name")
@click.option("--cloud", required=True, help="Name or id.")
@click.option("--vcenter", "keys", multiple=True, required=True, help="Name or id; repeatable.")
@json_option
def create(name: str, cloud: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Begin an adoption as NAME."""
    with platform() as opened, opened.database.write() as session:
        found = [vcenters.get(session, key).id for key in keys]
        made = adoptions.create(session, actor(), clouds.get(session, cloud).id, name, found)
        show(AdoptionOut.model_validate(made), as_json=as_json)


@adopt.command("list")
@json_option
def list_adoptions(as_json: bool) -> None:
    """List all adoptions."""
    with platform() as opened, opened.database.read() as session:
        rows = session.scalars(select(Adoption).order_by(Adoption.name))
        show_all([AdoptionOut.model_validate(one) for one in rows], _COLUMNS, as_json=as_json)


@adopt.command()
@_adoption
@click.argument("file", type=_EXISTING)
def rules(key: str, file: Path) -> None:
    """Have the next plan filled by a rules FILE, with the CSV file of addresses that it names."""
    try:
        found, book = rule_files.load(file)
    except AdoptionError as error:
        raise click.ClickException(str(error)) from error
    addresses = [
        {"vm": vm, "mac": mac, "address": address}
        for (vm, mac), several in book.items()
        for address in several
    ]
    with platform() as opened, opened.database.write() as session:
        adoption = adoptions.get(session, key, lock=True)
        plain = found.model_copy(update={"addresses": None})
        decision.set_rules(session, actor(), adoption, plain, addresses)


@adopt.command()
@_adoption
@click.argument("file", type=_FILE)
def download(key: str, file: Path) -> None:
    """Write the plan to a FILE, as `polyvisor adopt` has it."""
    with platform() as opened, opened.database.read() as session:
        adoption = adoptions.get(session, key)
        plans.require(session, adoption)
        file.touch(mode=0o600)
        file.write_text("".join(source.text for source in plans.sources(session, adoption)))


@adopt.command()
@_adoption
@click.argument("file", type=_EXISTING)
def upload(key: str, file: Path) -> None:
    """Take the plan of a FILE instead of the present one."""
    with platform() as opened:
        given = decision.parse(file.read_bytes())
        with opened.database.write() as session:
            decision.upload(session, actor(), adoptions.get(session, key, lock=True), given)


@adopt.command()
@_adoption
@click.option("--no-tags", is_flag=True, help="Do not read tags, which needs vCenter's REST interface.")
@json_option
def discover(key: str, no_tags: bool, as_json: bool) -> None:
    """Read the vCenters, check and plan. Nothing is changed there."""
    _perform(key, discover_operation.NAME, DiscoverArguments(tags=not no_tags), as_json=as_json)


@adopt.command()
@_adoption
@json_option
def plan(key: str, as_json: bool) -> None:
    """Check and plan anew; what people have decided stays."""
    _perform(key, plan_step.NAME, NoArguments(), as_json=as_json)


@adopt.command()
@_adoption
@_vms
@click.option("--dry-run", is_flag=True, help="Tell what would be done, by what is the case now.")
@json_option
def apply(key: str, vms: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Adopt the VMs that are ready. Again: go on, and try again what failed."""
    wanted = ApplyArguments(vms=list(vms) or None, dry_run=dry_run)
    _perform(key, apply_operation.NAME, wanted, as_json=as_json)


@adopt.command()
@_adoption
@json_option
def verify(key: str, as_json: bool) -> None:
    """Compare what the cloud and what vCenter say of the adopted VMs."""
    _perform(key, verify_operation.NAME, NoArguments(), as_json=as_json)


@adopt.command()
@_adoption
@_vms
@json_option
def release(key: str, vms: tuple[str, ...], as_json: bool) -> None:
    """Let the cloud forget adopted VMs. They run on, and are as they were found."""
    _perform(key, release_operation.NAME, ReleaseArguments(vms=list(vms) or None), as_json=as_json)


@adopt.command()
@_adoption
def remove(key: str) -> None:
    """Forget an adoption of which the cloud has nothing any more."""
    with platform() as opened, opened.database.write() as session:
        adoptions.remove(session, actor(), key)


def _perform(key: str, name: str, arguments: Arguments, *, as_json: bool) -> None:
    """Ask for an operation, and wait for its end. Interrupted, it goes on."""
    with platform() as opened:
        with opened.database.write() as session:
            adoption = adoptions.get(session, key)
            operation = request.submit(session, actor(), adoption, name, arguments)
        ended = _wait(opened, operation.id)
    show(OperationOut.model_validate(ended), as_json=as_json)
    if ended.state != State.SUCCEEDED:
        raise click.ClickException(f"{name} {ended.state}: {ended.reason}")


def _wait(opened: Platform, key: str) -> Operation:
    with Console(stderr=True).status(f"operation {key}: waits for a worker") as status:
        while True:
            with opened.database.read() as session:
                found = session.get_one(Operation, key)
            if found.state not in OPEN:
                return found
            status.update(f"operation {key}: {found.progress} % {found.reason or ''}")
            time.sleep(_LOOK_SECONDS)
