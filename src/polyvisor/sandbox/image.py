"""A small bootable VMDK image, made here: a boot sector that greets on screen and serial port."""

from __future__ import annotations

import subprocess
from pathlib import Path

from polyvisor.sandbox import packages

GREETING = b"Polyvisor: this server boots.\r\n"
DISK_BYTES = 8 * 1024 * 1024
SECTOR_BYTES = 512
CONVERT_SECONDS = 60


def boot_sector() -> bytes:
    """Real-mode x86: print GREETING by the BIOS to screen and COM1, then halt for ever.

    The BIOS loads it at 0x7c00; 0x55aa in its last two bytes makes the disk bootable.
    """
    code = bytes.fromhex(
        "31c0 8ed8"  # xor ax, ax; mov ds, ax
        "be 1f7c"  # mov si, the text behind this code
        "ac"  # next: lodsb
        "84c0 7410"  # test al, al; jz halt
        "50"  # push ax
        "b40e 31db cd10"  # BIOS teletype output
        "58"  # pop ax
        "b401 31d2 cd14"  # BIOS send to COM1
        "ebeb"  # jmp next
        "f4 ebfd"  # halt: hlt; jmp halt
    )
    sector = (code + GREETING + b"\0").ljust(SECTOR_BYTES - 2, b"\0")
    return sector + b"\x55\xaa"


def write_vmdk(path: Path) -> None:
    """Write the image as a streamOptimized VMDK, the form that vCenter imports and Nova expects."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(boot_sector().ljust(DISK_BYTES, b"\0"))
    convert = ["convert", "-f", "raw", "-O", "vmdk"]
    _qemu_img(*convert, "-o", "subformat=streamOptimized,adapter_type=lsilogic", str(raw), str(path))
    raw.unlink()


def write_qcow2(path: Path) -> None:
    """Write an empty disk as QCOW2, for a guest that is booted from a kernel and a ramdisk."""
    _qemu_img("create", "-q", "-f", "qcow2", str(path), str(DISK_BYTES))


def _qemu_img(*arguments: str) -> None:
    subprocess.run([packages.require("qemu-img"), *arguments], check=True, timeout=CONVERT_SECONDS)
