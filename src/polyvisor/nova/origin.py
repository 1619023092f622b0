"""The origin of a server: what its VM is made of. It decides what the compute driver's `spawn` does.

It travels in the server's system metadata, which no user of the API can set: who makes a server of another
origin than an image has passed the policy of a handler of its own. All keys begin with ``polyvisor:``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_ORIGIN = "polyvisor:origin"
_VCENTER = "polyvisor:vcenter"
_NODE = "polyvisor:node"
_POWER_ON = "polyvisor:power_on"


class Origin(StrEnum):
    """Where the VM of a server comes from."""

    IMAGE = "image"
    CLONE = "clone"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where in the cloud a server of its origin can be built at all. None: anywhere.

    :ivar vcenter: instance UUID of the vCenter that has what the VM is made of.
    :ivar node: Nova's node name of the only cluster that will do.
    """

    vcenter: str | None = None
    node: str | None = None

    @classmethod
    def read(cls, system_metadata: Mapping[str, str]) -> Self:
        """Read what `to_metadata` wrote."""
        return cls(vcenter=system_metadata.get(_VCENTER), node=system_metadata.get(_NODE))

    def to_metadata(self) -> dict[str, str]:
        """Return the entries of the server's system metadata."""
        entries = {_VCENTER: self.vcenter, _NODE: self.node}
        return {key: value for key, value in entries.items() if value is not None}

    def allow(self, node: str) -> bool:
        """Tell whether the server can be built on a node, of which Nova's name is given."""
        return self.node in (None, node) and self.vcenter in (None, vcenter_of(node))


def read(system_metadata: Mapping[str, str]) -> str:
    """Return the origin of a server; one that this version does not know is returned as it is."""
    return system_metadata.get(_ORIGIN, Origin.IMAGE)


def is_left_off(system_metadata: Mapping[str, str]) -> bool:
    """Tell whether a new server's VM is not to be powered on."""
    return system_metadata.get(_POWER_ON) == "false"


def to_metadata(origin: Origin, bounds: Bounds, *, power_on: bool = True) -> dict[str, str]:
    """Return the entries of the server's system metadata for an origin."""
    start = {} if power_on else {_POWER_ON: "false"}
    return {_ORIGIN: origin.value, **bounds.to_metadata(), **start}


def vcenter_of(node: str) -> str:
    """Return the instance UUID of the vCenter from Nova's node name, ``<cluster moref>.<vCenter uuid>``."""
    return node.partition(".")[2]
