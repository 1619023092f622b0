"""What the commands have in common: the platform they work on, who they are, how they print."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from polyvisor.op.db import migrate
from polyvisor.op.db.migrate import SchemaError
from polyvisor.op.identity.actor import Actor
from polyvisor.op.platform import Platform, open_platform
from polyvisor.op.problem import Problem
from polyvisor.op.settings import SettingsError, load
from polyvisor.op.vault import VaultError

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Group(click.Group):
    """Tells what can be helped without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (Problem, SettingsError, SchemaError, VaultError) as error:
            raise click.ClickException(str(error)) from error
        except OperationalError as error:
            raise click.ClickException(f"the database cannot be used: {error.orig}") from error


@contextmanager
def platform(**given: object) -> Iterator[Platform]:
    """The platform of the settings, whose schema must be up to date."""
    opened = open_platform(load(**given))
    try:
        migrate.check(opened.database)
        yield opened
    finally:
        opened.close()


def actor() -> Actor:
    """Whoever runs the command, as the audit log names it."""
    return Actor(f"command of {getpass.getuser()}", "command")


def show(found: BaseModel, *, as_json: bool) -> None:
    """Print one thing."""
    if as_json:
        click.echo(found.model_dump_json(indent=2))
        return
    table = Table(show_header=False, box=None)
    for name, value in found.model_dump(mode="json").items():
        text = json.dumps(value, indent=1) if isinstance(value, dict | list) else _cell(value)
        table.add_row(name, text)
    Console().print(table)


def show_all(found: Sequence[BaseModel], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a list."""
    rows = [one.model_dump(mode="json") for one in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
