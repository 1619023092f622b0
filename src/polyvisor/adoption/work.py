"""What apply, verify and release work with: the clouds, the vCenters, the journal, and who is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.discover import discover
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.journal import Journal
from polyvisor.adoption.message import say
from polyvisor.message import Message
from polyvisor.vsphere.session import Session


@dataclass(frozen=True, slots=True)
class Progress:
    """Something happened.

    Attributes:
        about: id of a VM, or a word such as "network".
        stage: what is under way or done.
        end: set when the VM is done with.
    """

    about: str
    stage: Message
    end: Literal["adopted", "failed", "released", "left alone"] | None = None


#: Seconds for a service to do one thing for one VM, with as many before it as are under way at a time.
PATIENCE: Final = 900.0
#: Is called from several threads.
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class Work:
    """All that the steps need.

    Attributes:
        vcenters: instance UUID -> session.
        patience: seconds after which Nova or Cinder is taken to have lost what it was asked for.
    """

    clouds: Clouds
    vcenters: Mapping[str, Session]
    journal: Journal
    on_progress: OnProgress = lambda _progress: None
    patience: float = PATIENCE

    def tell(self, about: str, stage: Message) -> None:
        """Tell of a step."""
        self.on_progress(Progress(about, stage))

    def session(self, vm_id: str) -> Session:
        """The vCenter of a VM.

        Raises:
            AdoptionError: it was not given.
        """
        uuid = vm_id.partition(":")[0]
        if uuid not in self.vcenters:
            raise AdoptionError(say("vcenter_not_given", vcenter=uuid))
        return self.vcenters[uuid]

    def discover(self, uuid: str) -> Discovery:
        """Read a vCenter, without tags.

        Raises:
            AdoptionError: it was not given, or what was given is another by now.
            VSphereError: it cannot be read.
        """
        found = discover(self.session(f"{uuid}:"), with_tags=False)
        there = found.vcenter
        if there.uuid != uuid:
            raise AdoptionError(say("vcenter_is_other", address=there.address, found=there.uuid, known=uuid))
        return found

    def mark(self, owner: str, key: str = "") -> str:
        """What is written on a resource, so that it is found again after a crash. Nobody else can know it."""
        return f"polyvisor adoption {self.journal.id} {owner} {key}".rstrip()
