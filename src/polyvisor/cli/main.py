"""The `polyvisor` command."""

from __future__ import annotations

import click

from polyvisor.cli import adoption_apply
from polyvisor.cli.adoption import adopt
from polyvisor.cli.sandbox import sandbox


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="polyvisor")
def main() -> None:
    """One management for virtualization of every kind."""


adoption_apply.add_to(adopt)
main.add_command(adopt)
main.add_command(sandbox)
