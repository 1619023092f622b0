"""Build from this checkout what is not Python: the vCenter simulator with its WSDL, and govc."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from polyvisor.sandbox.settings import Settings

CHECKOUT = Path(__file__).parents[3]
SIMULATOR = CHECKOUT / "simulators" / "vcenter"
#: Binary in the sandbox's ``bin`` -> Go module that it is built from.
MODULES = {"vcenter-simulator": SIMULATOR, "govc": CHECKOUT / "tools" / "govc"}
BUILD_SECONDS = 600
TAIL_LINES = 15


class BuildError(Exception):
    """A program cannot be built; the message says which and why."""


def build(settings: Settings) -> None:
    """Bring the sandbox's ``bin`` up to date with the checkout. Raises BuildError."""
    if not SIMULATOR.exists():
        raise BuildError(f"the sandbox runs from a source checkout: {SIMULATOR} is not there")
    if shutil.which("go") is None:
        raise BuildError("the vCenter simulator is built with Go (1.21 or later), and `go` is not on PATH")
    settings.binaries.mkdir(parents=True, exist_ok=True)
    for binary, module in MODULES.items():
        _run(["go", "build", "-trimpath", "-o", str(settings.binaries / binary), "."], module)
    wsdl, generator = wsdl_file(settings), SIMULATOR / "wsdl.py"
    if not wsdl.exists() or wsdl.stat().st_mtime < generator.stat().st_mtime:
        _run([sys.executable, str(generator), str(wsdl)], SIMULATOR)


def wsdl_file(settings: Settings) -> Path:
    """The description of vCenter's API that Nova's SOAP client asks the vCenter for."""
    return settings.binaries / "vimService.wsdl"


def _run(command: list[str], folder: Path) -> None:
    environment = os.environ | {"CGO_ENABLED": "0"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stderr.splitlines()[-TAIL_LINES:])
        raise BuildError(f"{' '.join(command)} in {folder} failed:\n{tail}")
