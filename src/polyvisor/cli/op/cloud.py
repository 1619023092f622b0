"""`polyvisor op cloud`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import openstack
from openstack.exceptions import ConfigException
from sqlalchemy import select

from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.api.schemas.cloud import CloudOut
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.clouds import credential
from polyvisor.op.clouds.cloud import Changes
from polyvisor.op.clouds.credential import Reach
from polyvisor.op.db.models import Cloud
from polyvisor.op.problem import Invalid

_COLUMNS = ("name", "id", "region", "health", "health_reason", "draining")
_os_cloud = click.option(
    "--os-cloud", envvar="OS_CLOUD", show_envvar=True, help="Entry of clouds.yaml, found as `openstack` does."
)
_region = click.option("--region", help="Instead of the entry's.")


@click.group(cls=Group)
def cloud() -> None:
    """The clouds that the platform stands over. CLOUD is a name or an id."""


@cloud.command()
@click.argument("name")
@_os_cloud
@_region
@json_option
def add(name: str, os_cloud: str | None, region: str | None, as_json: bool) -> None:
    """Register a cloud as NAME, after asking it what it can do. The credential is stored encrypted."""
    with platform() as opened:
        made = clouds.register(opened, actor(), name, _reach(os_cloud, region))
        show(CloudOut.model_validate(made), as_json=as_json)


@cloud.command("list")
@json_option
def list_clouds(as_json: bool) -> None:
    """List all clouds and how they fare."""
    with platform() as opened, opened.database.read() as session:
        found = [CloudOut.model_validate(one) for one in session.scalars(select(Cloud).order_by(Cloud.name))]
        show_all(found, _COLUMNS, as_json=as_json)


@cloud.command("show")
@click.argument("key", metavar="CLOUD")
@json_option
def show_cloud(key: str, as_json: bool) -> None:
    """Show a cloud: what it can do, how it fares."""
    with platform() as opened, opened.database.read() as session:
        show(CloudOut.model_validate(clouds.get(session, key)), as_json=as_json)


@cloud.command("set")
@click.argument("key", metavar="CLOUD")
@click.option("--name", help="A new name.")
@_os_cloud
@_region
@json_option
def set_cloud(key: str, name: str | None, os_cloud: str | None, region: str | None, as_json: bool) -> None:
    """Change a cloud's name, or with --os-cloud how it is reached. It must answer in the new way."""
    changes = Changes(name=name, region=region)
    if os_cloud:
        reach = _reach(os_cloud, region)
        changes = Changes(name, reach.region, reach.credential, reach.ca_certificate or "", reach.insecure)
    with platform() as opened:
        show(CloudOut.model_validate(clouds.update(opened, actor(), key, changes)), as_json=as_json)


@cloud.command()
@click.argument("key", metavar="CLOUD")
@json_option
def probe(key: str, as_json: bool) -> None:
    """Ask a cloud now what it can do."""
    with platform() as opened:
        show(CloudOut.model_validate(clouds.probe(opened, key)), as_json=as_json)


@cloud.command()
@click.argument("key", metavar="CLOUD")
@click.option("--undo", is_flag=True, help="Use it for new things again.")
def drain(key: str, undo: bool) -> None:
    """Place nothing new on a cloud."""
    with platform() as opened, opened.database.write() as session:
        clouds.drain(session, actor(), key, draining=not undo)


@cloud.command()
@click.argument("key", metavar="CLOUD")
def remove(key: str) -> None:
    """Forget a cloud that is drained and that no tenant uses. What is on it stays."""
    with platform() as opened, opened.database.write() as session:
        clouds.remove(session, actor(), key)


def _reach(os_cloud: str | None, region: str | None) -> Reach:
    """How an entry of clouds.yaml says that its cloud is reached."""
    if not os_cloud:
        raise click.UsageError("no cloud: give --os-cloud, or set OS_CLOUD")
    try:
        found: dict[str, Any] = openstack.config.OpenStackConfig().get_one(os_cloud).config
    except ConfigException as error:
        raise click.UsageError(f"clouds.yaml: {error}") from error
    auth = {key: value for key, value in found["auth"].items() if value is not None}
    given = {"auth_type": found["auth_type"], "auth": auth, "interface": found.get("interface") or "public"}
    try:
        known = credential.from_clouds_yaml(given, os_cloud)
    except Invalid as error:
        raise click.UsageError(str(error)) from error
    file = found.get("cacert")
    return Reach(
        known,
        region or found.get("region_name"),
        Path(file).read_text() if file else None,
        found.get("verify") is False,
    )
