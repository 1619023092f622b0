"""`polyvisor op vcenter`."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption.vcenter import Reach
from polyvisor.op.api.schemas.vcenter import VCenterOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.db.models import VCenter

_COLUMNS = ("name", "id", "host", "username", "product", "health", "health_reason")


@click.group(cls=Group)
def vcenter() -> None:
    """vCenters that are attached to clouds. VCENTER is a name or an id."""


@vcenter.command()
@click.argument("name")
@click.option("--cloud", required=True, help="The cloud that manages its clusters: name or id.")
@click.option("--host", required=True)
@click.option("--port", type=click.IntRange(1, 65535), default=443, show_default=True)
@click.option("--username", required=True)
@click.option(
    "--password",
    prompt=True,
    hide_input=True,
    envvar="POLYVISOR_VCENTER_PASSWORD",
    show_envvar=True,
    help="Better asked for than given: arguments show in the list of processes.",
)
@click.option("--ca-file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--insecure", is_flag=True, help="Accept any certificate.")
@json_option
def add(  # noqa: PLR0913, PLR0917 - one for each option
    name: str,
    cloud: str,
    host: str,
    port: int,
    username: str,
    password: str,
    ca_file: Path | None,
    insecure: bool,
    as_json: bool,
) -> None:
    """Attach a vCenter as NAME, after logging in to it. The password is stored encrypted."""
    reach = Reach(host, port, username, password, ca_file.read_text() if ca_file else None, insecure)
    with platform() as opened:
        with opened.database.read() as session:
            cloud_id = clouds.get(session, cloud).id
        made = vcenters.register(opened, actor(), cloud_id, name, reach)
        show(VCenterOut.model_validate(made), as_json=as_json)


@vcenter.command("list")
@json_option
def list_vcenters(as_json: bool) -> None:
    """List all vCenters and how they fared when they were last asked."""
    with platform() as opened, opened.database.read() as session:
        rows = session.scalars(select(VCenter).order_by(VCenter.name))
        show_all([VCenterOut.model_validate(one) for one in rows], _COLUMNS, as_json=as_json)


@vcenter.command()
@click.argument("key", metavar="VCENTER")
@json_option
def probe(key: str, as_json: bool) -> None:
    """Log in to a vCenter now."""
    with platform() as opened:
        show(VCenterOut.model_validate(vcenters.probe(opened, key)), as_json=as_json)


@vcenter.command()
@click.argument("key", metavar="VCENTER")
def remove(key: str) -> None:
    """Detach a vCenter that no adoption is about. It stays as it is."""
    with platform() as opened, opened.database.write() as session:
        vcenters.remove(session, actor(), key)
