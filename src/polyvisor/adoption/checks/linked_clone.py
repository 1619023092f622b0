"""A linked clone reads a file of another VM or of a snapshot of it: it is lost with that."""

import re
from collections.abc import Iterator
from typing import Final

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say
from polyvisor.vsphere.disk import Disk

_FOLDER: Final = re.compile(r"^(\[[^\]]*\] *(?:.*/)?)[^/]*$")


def _folder(file: str) -> str:
    found = _FOLDER.match(file)
    return found[1] if found else file


def _foreign(disk: Disk) -> str | None:
    """The first file below that is in the folder of something else; snapshots keep theirs beside the disk."""
    return next((parent for parent in disk.parents if _folder(parent) != _folder(disk.file)), None)


def _find(context: Context) -> Iterator[Found]:
    for subject in context.subjects:
        for disk in subject.vm.disks:
            if parent := _foreign(disk):
                says = say("disk_linked", disk=disk.label, file=parent)
                yield Found(subject.server.id, says, f"disk {disk.key}")


CHECK = Check(
    severity="decision",
    title="linked clone",
    way_out="Accept it and keep the file that it needs, or migrate the disk to another datastore "
    "first, which makes it "
    "whole.",
    find=_find,
)
