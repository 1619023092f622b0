"""`polyvisor op token`."""

from __future__ import annotations

from datetime import timedelta

import click

from polyvisor.cli.op.base import Group, actor, json_option, platform, show, show_all
from polyvisor.op.api.schemas.token import NewTokenOut, TokenOut
from polyvisor.op.db.base import now
from polyvisor.op.identity import token as tokens
from polyvisor.op.identity import user as users
from polyvisor.op.rights import Right

_COLUMNS = ("name", "id", "rights", "created_at", "last_used_at", "expires_at")


@click.group(cls=Group)
def token() -> None:
    """API tokens of users, for programs. USER is a name or an id."""


@token.command()
@click.argument("user")
@click.argument("name")
@click.option(
    "--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is good."
)
@click.option(
    "--right",
    "rights",
    multiple=True,
    type=click.Choice([str(right) for right in Right]),
    help="Only this; repeatable.  [default: all that the user has, now and later]",
)
@json_option
def create(user: str, name: str, days: int, rights: tuple[str, ...], as_json: bool) -> None:
    """Make a token of a user. Its secret is shown this once."""
    limit = [Right(right) for right in rights] or None
    with platform() as opened, opened.database.write() as session:
        issued = tokens.issue(
            session, actor(), users.get(session, user), name, now() + timedelta(days=days), limit
        )
        shown = TokenOut.model_validate(issued.token)
        show(NewTokenOut(**shown.model_dump(), secret=issued.secret), as_json=as_json)


@token.command("list")
@click.argument("user")
@json_option
def list_tokens(user: str, as_json: bool) -> None:
    """List a user's tokens, the latest first."""
    with platform() as opened, opened.database.read() as session:
        found = tokens.list_of(session, users.get(session, user).id)
        show_all([TokenOut.model_validate(one) for one in found], _COLUMNS, as_json=as_json)


@token.command()
@click.argument("user")
@click.argument("token")
def revoke(user: str, token: str) -> None:
    """Revoke a TOKEN (id) of a user."""
    with platform() as opened, opened.database.write() as session:
        tokens.revoke(session, actor(), token, user_id=users.get(session, user).id)
