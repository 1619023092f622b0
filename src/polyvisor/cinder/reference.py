"""What `manage` is given: which disk is to become a volume."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinder import exception

_PATH = re.compile(r"\[[^\]]+\] (?!\.|.*/\.)[^\[\]@]+\.vmdk")
_HELP = (
    "give the disk as source-name='[datastore] folder/disk.vmdk'; and, if a VM has it, its instance UUID "
    "as source-vm. Or source-vm, and the key of the disk as source-id"
)


@dataclass(frozen=True, slots=True)
class DiskReference:
    """A disk, and the VM that has it.

    Attributes:
        vm: moref or instance UUID; None for a disk that no VM has.
        file: datastore path; None if it is named by `key`.
        key: of the device in its VM.
    """

    vm: str | None
    file: str | None
    key: int | None


def parse(existing_ref: Mapping[str, Any]) -> DiskReference:
    """Read a reference.

    :raises cinder.exception.ManageExistingInvalidReference: it does not name one disk.
    """
    file, vm, key = (existing_ref.get(name) or None for name in ("source-name", "source-vm", "source-id"))
    unknown = sorted(set(existing_ref) - {"source-name", "source-vm", "source-id"})
    if unknown:
        raise refused(existing_ref, f"{unknown[0]} is not known; {_HELP}")
    if (file is None) == (key is None) or (key is not None and vm is None):
        raise refused(existing_ref, _HELP)
    if file is not None and not _PATH.fullmatch(str(file)):
        raise refused(existing_ref, f"{file} is no path of a disk; {_HELP}")
    if key is not None and not str(key).isdigit():
        raise refused(existing_ref, f"{key} is no key of a disk, which is a number such as 2001; {_HELP}")
    return DiskReference(
        vm=None if vm is None else str(vm),
        file=None if file is None else str(file),
        key=None if key is None else int(str(key)),
    )


def refused(existing_ref: Mapping[str, Any], reason: str) -> exception.ManageExistingInvalidReference:
    """Make the exception which says why a disk does not become a volume."""
    return exception.ManageExistingInvalidReference(existing_ref=dict(existing_ref), reason=reason)
