"""The `polyvisor` command."""

from __future__ import annotations

import importlib

import click

#: Command -> where it is. Each is imported when it is asked for: together they would take a second to load.
_COMMANDS = {
    "adopt": "polyvisor.cli.adoption_apply:adopt",
    "op": "polyvisor.cli.op:op",
    "sandbox": "polyvisor.cli.sandbox:sandbox",
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - as click calls it
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        found: click.Command = getattr(importlib.import_module(module), name)
        return found


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polyvisor")
def main() -> None:
    """One management for virtualization of every kind."""
