"""A clone: what its server's VM is copied from, as API and compute driver tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

_SOURCE = "polyvisor:source"
_SNAPSHOT = "polyvisor:snapshot"
_LINKED = "polyvisor:linked"
_VOLUME = "polyvisor:volume:"
_SEEN_VM = "polyvisor:source_vm"
_SEEN_STATE = "polyvisor:source_state"


def is_clone(system_metadata: Mapping[str, str]) -> bool:
    """Tell whether a server was made as a clone."""
    return _SOURCE in system_metadata


def of_source(server: str) -> dict[str, str]:
    """Return the entry that the system metadata of all clones of a server have."""
    return {_SOURCE: server}


@dataclass(frozen=True, slots=True)
class Clone:
    """What a server is cloned from, and how.

    :ivar source: UUID of the server that is cloned.
    :ivar snapshot: id of the snapshot of it that is cloned, as the API shows it; None for its present state.
    :ivar linked: whether the disks of the clone keep those of the snapshot as parents.
    :ivar vm: moref of the VM of the server, when the clone was asked for: saves a search.
    :ivar state: moref of the snapshot.
    :ivar volumes: device name for Nova, as "/dev/sdb" -> id of the volume of the source that is copied there.
    """

    source: str
    snapshot: str | None = None
    linked: bool = False
    vm: str | None = None
    state: str | None = None
    volumes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, system_metadata: Mapping[str, str]) -> Self:
        """Read what `to_metadata` wrote.

        :raises KeyError: the server is no clone.
        """
        return cls(
            source=system_metadata[_SOURCE],
            snapshot=system_metadata.get(_SNAPSHOT),
            linked=system_metadata.get(_LINKED) == "true",
            vm=system_metadata.get(_SEEN_VM),
            state=system_metadata.get(_SEEN_STATE),
            volumes={
                key.removeprefix(_VOLUME): volume
                for key, volume in system_metadata.items()
                if key.startswith(_VOLUME)
            },
        )

    def to_metadata(self) -> dict[str, str]:
        """Return the entries of the server's system metadata."""
        entries = {_SOURCE: self.source}
        entries |= {f"{_VOLUME}{device}": volume for device, volume in self.volumes.items()}
        given = {_SNAPSHOT: self.snapshot, _SEEN_VM: self.vm, _SEEN_STATE: self.state}
        entries |= {key: value for key, value in given.items() if value is not None}
        if self.linked:
            entries[_LINKED] = "true"
        return entries
