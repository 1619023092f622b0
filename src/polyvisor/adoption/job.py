"""One VM that is being adopted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from polyvisor.adoption.plan import Server
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


@dataclass(frozen=True)
class Job:
    """A server of the plan, with what was found of it, and with ids for names.

    Attributes:
        compare: tells what is otherwise in vCenter than the plan says, of the VM as it is at a moment.
        project: id.
        flavor: id.
        networks: name within the plan -> id.
        pool: Cinder's pool for its disks, as HOST@BACKEND#POOL; None if none of them becomes a volume.
    """

    server: Server
    compare: Callable[[VirtualMachine], Sequence[Message]]
    project: str
    flavor: str
    networks: Mapping[str, str]
    pool: str | None

    @property
    def id(self) -> str:
        """Of the VM among all vCenters."""
        return self.server.id
