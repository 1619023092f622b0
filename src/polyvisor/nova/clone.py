"""A clone: what its server's VM is copied from, as API and compute driver tell each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_SOURCE = "polyvisor:source"
_SNAPSHOT = "polyvisor:snapshot"
_LINKED = "polyvisor:linked"


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
    """

    source: str
    snapshot: str | None = None
    linked: bool = False

    @classmethod
    def read(cls, system_metadata: Mapping[str, str]) -> Self:
        """Read what `to_metadata` wrote.

        :raises KeyError: the server is no clone.
        """
        return cls(
            source=system_metadata[_SOURCE],
            snapshot=system_metadata.get(_SNAPSHOT),
            linked=system_metadata.get(_LINKED) == "true",
        )

    def to_metadata(self) -> dict[str, str]:
        """Return the entries of the server's system metadata."""
        entries = {_SOURCE: self.source}
        if self.snapshot is not None:
            entries[_SNAPSHOT] = self.snapshot
        if self.linked:
            entries[_LINKED] = "true"
        return entries
