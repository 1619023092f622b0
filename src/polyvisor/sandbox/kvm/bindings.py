"""Debian's Python bindings of libvirt, for a nova-compute that runs in ``.venv``."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from polyvisor.sandbox import packages
from polyvisor.sandbox.settings import Settings

DEBIAN = Path("/usr/lib/python3/dist-packages")


def folder(settings: Settings) -> Path:
    """For PYTHONPATH. Has the bindings and nothing else that Debian installs."""
    return settings.kvm_parts / "python"


def link(settings: Settings) -> None:
    """Fill the folder. Raises PackagesError if Debian's bindings are for another Python."""
    extension = f"libvirtmod{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not (DEBIAN / extension).exists():
        raise packages.PackagesError(
            f"{DEBIAN / extension} is not there: make .venv with Debian's own python3, "
            "whose python3-libvirt is what nova-compute uses, or leave out --kvm"
        )
    folder(settings).mkdir(parents=True, exist_ok=True)
    for source in DEBIAN.glob("libvirt*"):
        link = folder(settings) / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
