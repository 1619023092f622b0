"""`polyvisor op user`."""

from __future__ import annotations

import click
from sqlalchemy import select

from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.api.schemas.user import UserOut
from polyvisor.op.db.models import User
from polyvisor.op.identity import access, grant
from polyvisor.op.identity import user as users
from polyvisor.op.identity.user import Profile

_COLUMNS = ("name", "id", "display_name", "source", "disabled", "last_login_at")
_password = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    envvar="POLYVISOR_OP_PASSWORD",
    show_envvar=True,
    help="Better asked for than given: arguments show in the list of processes.",
)


@click.group(cls=Group)
def user() -> None:
    """Who can log in. USER is a name or an id."""


@user.command()
@click.argument("name")
@_password
@click.option("--display-name", default="")
@click.option("--email", default="")
@click.option("--role", help="A role to grant.")
@click.option("--node", default="/", show_default=True, help="Where in the tree of scopes.")
@json_option
def create(  # noqa: PLR0913, PLR0917 - one for each option
    name: str,
    password: str,
    display_name: str,
    email: str,
    role: str | None,
    node: str,
    as_json: bool,
) -> None:
    """Make a local user NAME, with a role if one is given."""
    with platform() as opened, opened.database.write() as session:
        made = users.create(session, actor(), name, password, Profile(display_name, email))
        if role:
            grant.create(session, access.unlimited(actor()), made.id, role, node, inherited=True)
        show(UserOut.model_validate(made), as_json=as_json)


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List all users."""
    with platform() as opened, opened.database.read() as session:
        found = [UserOut.model_validate(one) for one in session.scalars(select(User).order_by(User.name))]
        show_all(found, _COLUMNS, as_json=as_json)


@user.command("grant")
@click.argument("key", metavar="USER")
@click.argument("role")
@click.option("--node", default="/", show_default=True, help="Where in the tree of scopes.")
def grant_role(key: str, role: str, node: str) -> None:
    """Give a user a ROLE."""
    with platform() as opened, opened.database.write() as session:
        grant.create(session, access.unlimited(actor()), key, role, node, inherited=True)


@user.command("password")
@click.argument("key", metavar="USER")
@_password
def set_password(key: str, password: str) -> None:
    """Give a local user a new password, and unlock it. All its sessions end."""
    with platform() as opened, opened.database.write() as session:
        users.set_password(session, actor(), key, password)


@user.command("set")
@click.argument("key", metavar="USER")
@click.option("--disable/--enable", "disabled", default=None, help="Whether it can log in.")
@click.option("--display-name")
@click.option("--email")
def set_user(key: str, disabled: bool | None, display_name: str | None, email: str | None) -> None:
    """Change a user."""
    with platform() as opened, opened.database.write() as session:
        users.update(session, actor(), key, Profile(display_name, email, disabled))


@user.command()
@click.argument("key", metavar="USER")
def remove(key: str) -> None:
    """Remove a user with sessions, tokens and grants."""
    with platform() as opened, opened.database.write() as session:
        users.remove(session, actor(), key)
