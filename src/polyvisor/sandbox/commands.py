"""Run the services' own tools, and what must happen only once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from polyvisor.sandbox import programs
from polyvisor.sandbox.settings import Settings

COMMAND_SECONDS = 300
TAIL_LINES = 15


class CommandFailedError(Exception):
    """A tool failed; the message has its name, exit code and last lines."""


def run(
    settings: Settings, command: tuple[str, ...], secret_environment: Mapping[str, str] | None = None
) -> str:
    """Run a tool to its end and return what it printed. Raises CommandFailedError.

    Secrets go into the environment: arguments show in the process list.
    """
    environment = os.environ | programs.common_environment(settings) | dict(secret_environment or {})
    ours = Path(sys.prefix) / "bin" / command[0]
    line = (str(ours) if ours.exists() else command[0], *command[1:])
    done = subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-TAIL_LINES:])
        raise CommandFailedError(f"{' '.join(command)} failed with exit code {done.returncode}:\n{tail}")
    return done.stdout


def once(settings: Settings, what: str, action: Callable[[], object]) -> None:
    """Do the action unless a run before has done it to its end."""
    done = settings.data / "done" / what
    if not done.exists():
        action()
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()
