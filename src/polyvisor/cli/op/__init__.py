"""`polyvisor op`: run the operations platform, and look after it on its own machine."""

from __future__ import annotations

import click

from polyvisor.cli.op.adopt import adopt
from polyvisor.cli.op.base import Group
from polyvisor.cli.op.cloud import cloud
from polyvisor.cli.op.serve import api, migrate, openapi, serve, worker
from polyvisor.cli.op.tenant import tenant
from polyvisor.cli.op.token import token
from polyvisor.cli.op.user import user
from polyvisor.cli.op.vcenter import vcenter


@click.group(cls=Group)
def op() -> None:
    """The operations platform: several clouds behind one API and one web UI.

    Settings come from the environment, as POLYVISOR_OP_DATABASE_URL, or a TOML file that POLYVISOR_OP_CONFIG
    names. These commands work on the database itself: whoever can read its key file is an administrator.
    """


for command in (serve, api, worker, migrate, openapi, cloud, user, tenant, token, vcenter, adopt):
    op.add_command(command)
