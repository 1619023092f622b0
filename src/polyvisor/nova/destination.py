"""Where a server is to go by a live migration, as an operator named it: carried in its system metadata.

Nova's live migration carries a compute service only. What is carried here counts for the request that wrote
it and for no later one, so it need not be removed when a migration fails half way.
"""

from collections.abc import MutableMapping
from dataclasses import fields

from polyvisor.vsphere.relocation_rules import Request

_PREFIX = "vmware_destination:"
_REQUEST = f"{_PREFIX}request"
_DISK = f"{_PREFIX}disk:"
_PLAIN = tuple(each.name for each in fields(Request) if each.name != "disks")


def write(system_metadata: MutableMapping[str, str], request_id: str, request: Request) -> None:
    """Put it in, in place of an earlier one."""
    clear(system_metadata)
    system_metadata[_REQUEST] = request_id
    for name in _PLAIN:
        if (value := getattr(request, name)) is not None:
            system_metadata[_PREFIX + name] = value
    for disk, store in request.disks.items():
        system_metadata[_DISK + disk] = store


def read(system_metadata: MutableMapping[str, str], request_id: str) -> Request:
    """Return what this request asked for; nothing in particular if it named no place."""
    if system_metadata.get(_REQUEST) != request_id:
        return Request()
    plain = {name: system_metadata[_PREFIX + name] for name in _PLAIN if _PREFIX + name in system_metadata}
    disks = {
        key.removeprefix(_DISK): store for key, store in system_metadata.items() if key.startswith(_DISK)
    }
    return Request(**plain, disks=disks)


def clear(system_metadata: MutableMapping[str, str]) -> None:
    """Take it out."""
    for key in [key for key in system_metadata if key.startswith(_PREFIX)]:
        del system_metadata[key]
