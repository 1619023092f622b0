"""An adoption: which VM a new server is to be, as API and compute driver tell each other; and its protection.

The VM of an adopted server was there before, and is not Nova's to delete. Whoever wants that nevertheless
says so in the server's metadata, and then deletes it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

from nova.compute import task_states, vm_states
from nova.objects.flavor import Flavor
from nova.objects.instance import Instance

from polyvisor.nova import origin
from polyvisor.nova.origin import Origin

_PREFIX = "polyvisor:adopt:"
_DELETE_KEY = "vmware:delete"
_ALLOWED = "allowed"

WAY_OUT = (
    "Release it to let Nova forget it and leave its VM as it was found (openstack server vmware release). If "
    f"the VM and its disks are to be destroyed, allow that first (openstack server set --property "
    f"{_DELETE_KEY}={_ALLOWED}), and delete it then."
)


@dataclass(frozen=True, slots=True)
class Adoption:
    """The VM that is to be a server.

    :ivar vm: moref.
    :ivar instance_uuid: that the VM has before.
    :ivar ticket: digest of the ticket. The secret stays with who adopts.
    :ivar console: whether the VM's console setting may be changed.
    """

    vm: str
    instance_uuid: str
    ticket: str
    console: bool = False

    @classmethod
    def read(cls, system_metadata: Mapping[str, str]) -> Self:
        """Read what `to_metadata` wrote.

        :raises KeyError: the server was not adopted.
        """
        vm, uuid, ticket, console = (system_metadata[f"{_PREFIX}{name}"] for name in cls.__slots__)
        return cls(vm, uuid, ticket, console == "True")

    def to_metadata(self) -> dict[str, str]:
        """Return the entries of the server's system metadata."""
        return {f"{_PREFIX}{name}": str(value) for name, value in asdict(self).items()}


def is_adopted(instance: Instance) -> bool:
    """Tell whether the VM of a server was there before the server."""
    return origin.read(instance.system_metadata) == Origin.ADOPT


def is_unlocked(instance: Instance) -> bool:
    """Tell whether its owner allows the VM of an adopted server to be deleted."""
    found = {key.lower(): value for key, value in instance.metadata.items()}
    return found.get(_DELETE_KEY) == _ALLOWED


def was_built(instance: Instance) -> bool:
    """Tell whether Nova has ever written down that the server runs."""
    return instance.launched_at is not None and "launched_at" not in instance.obj_what_changed()


def is_deleted(instance: Instance) -> bool:
    """Tell whether somebody has deleted the server, in contrast to what else removes its VM."""
    return bool(
        instance.deleted
        or instance.task_state == task_states.DELETING
        or instance.vm_state in (vm_states.SOFT_DELETED, vm_states.DELETED)
    )


def against_resize(old: Flavor, new: Flavor) -> str | None:
    """Say why an adopted server cannot be resized so: its disks are not Nova's to replace."""
    if new.root_gb > old.root_gb:
        return (
            "the root disk of an adopted server is not resized. Choose a flavor with the same disk, and make "
            "the disk larger in vCenter"
        )
    if new.ephemeral_gb or new.swap:
        return "an adopted server gets no ephemeral or swap disks. Attach a volume instead"
    return None
