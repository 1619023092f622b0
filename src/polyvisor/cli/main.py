"""The `polyvisor` command."""

from __future__ import annotations

import click

from polyvisor.cli.adoption import adopt
from polyvisor.cli.op import op
from polyvisor.cli.sandbox import sandbox


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polyvisor")
def main() -> None:
    """One management for virtualization of every kind."""


main.add_command(adopt)
main.add_command(op)
main.add_command(sandbox)
