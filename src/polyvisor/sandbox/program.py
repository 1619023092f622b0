"""A long-running process of the sandbox, as supervisord is told of it."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping

from polyvisor.sandbox import probes


@dataclasses.dataclass(frozen=True)
class Program:
    """A long-running process under the supervisor. ``port`` is a name of ``Settings.ports``."""

    name: str
    command: tuple[str, ...]
    ready: probes.Probe
    port: str | None = None
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def command_line(self) -> str:
        """For supervisord, which expands ``%``."""
        return shlex.join(self.command).replace("%", "%%")

    @property
    def environment_line(self) -> str:
        """For supervisord: KEY="value",..."""
        return environment_line(self.environment)


def environment_line(environment: Mapping[str, str]) -> str:
    """An ``environment`` value in supervisord's syntax."""
    return ",".join(f'{name}="{value}"'.replace("%", "%%") for name, value in environment.items())
