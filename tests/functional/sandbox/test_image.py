"""The image really boots: qemu runs it, and its greeting arrives on the serial port."""

import shutil
import subprocess
from pathlib import Path

import pytest

from polyvisor.sandbox import image, packages

BOOT_SECONDS = 60


@pytest.fixture(scope="module")
def qemu() -> str:
    if shutil.which("qemu-system-x86_64") is None:
        packages.install(["qemu-system-x86", "qemu-utils"])
    return "qemu-system-x86_64"


def test_the_image_boots(qemu: str, tmp_path: Path) -> None:
    vmdk = tmp_path / "tiny.vmdk"
    image.write_vmdk(vmdk)
    command = [qemu, "-display", "none", "-machine", "pc,accel=tcg", "-m", "16", "-snapshot"]
    machine = subprocess.Popen(
        [*command, "-drive", f"file={vmdk},format=vmdk", "-serial", "stdio"], stdout=subprocess.PIPE
    )
    try:
        assert machine.stdout is not None
        assert machine.stdout.readline() == image.GREETING
    finally:
        machine.kill()
        machine.wait(BOOT_SECONDS)
