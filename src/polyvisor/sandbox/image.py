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
    convert = [packages.require("qemu-img"), "convert", "-f", "raw", "-O", "vmdk"]
    options = ["-o", "subformat=streamOptimized,adapter_type=lsilogic"]
    subprocess.run([*convert, *options, str(raw), str(path)], check=True, timeout=CONVERT_SECONDS)
    raw.unlink()
