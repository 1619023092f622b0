"""What is wanted, and the places where it could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyvisor.message import Message
from polyvisor.op.message import columns


@dataclass(frozen=True, slots=True)
class Wanted:
    """A server that somebody asks for. Size is a flavor's name or id, or numbers."""

    tenant_id: str
    image: str
    networks: tuple[str, ...] = ()
    cloud_id: str | None = None
    flavor: str | None = None
    vcpus: int | None = None
    ram_mb: int | None = None
    disk_gb: int | None = None
    #: "vmware", "kvm", "xen"…: see ``facts.HYPERVISORS``.
    hypervisor: str | None = None
    zone: str | None = None
    host: str | None = None
    datastore: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    #: Fill one place before the next, instead of using all alike.
    pack: bool = False

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Wanted:
        """As the arguments of an operation have it."""
        names = cls.__dataclass_fields__.keys() & arguments.keys()
        given = {name: arguments[name] for name in names}
        return cls(**given | {"networks": tuple(arguments.get("networks") or ())})


@dataclass(frozen=True, slots=True)
class Size:
    """How much room a server takes."""

    vcpus: int
    ram_mb: int
    disk_gb: int


@dataclass(frozen=True, slots=True)
class Flavor:
    """A flavor that fits what is wanted."""

    id: str
    name: str
    size: Size


@dataclass(frozen=True, slots=True)
class Quota:
    """What the project may still use; -1 is without limit."""

    instances: int
    vcpus: int
    ram_mb: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A zone of a cloud with one kind of hypervisor, for a project. None: the cloud does not tell."""

    cloud_id: str
    cloud: str
    project_id: str
    zone: str = ""
    hypervisor: str = ""
    #: Why the cloud could not be asked.
    fault: Message | None = None
    allowed: bool = True
    draining: bool = False
    plugin: bool = False
    #: Nova takes new servers there.
    enabled: bool = True
    #: Other kinds of hypervisor in the same zone.
    mixed: bool = False
    #: The only zone of the cloud: it need not be named.
    only_zone: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    flavor: Flavor | None = None
    image_id: str | None = None
    #: Kind of hypervisor that the image is for.
    image_for: str | None = None
    networks: tuple[str, ...] = ()
    missing_networks: tuple[str, ...] = ()
    quota: Quota | None = None
    #: Room of the largest free place, and of all together.
    free: Size | None = None
    capacity: Size | None = None
    #: Servers that the project has there.
    servers: int = 0

    @property
    def key(self) -> str:
        """Tells candidates apart, as they are remembered."""
        return f"{self.cloud_id} {self.project_id} {self.zone} {self.hypervisor}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a candidate: a score, or the reason why it is not one."""

    candidate: Candidate
    ok: bool
    reason: Message | None = None
    #: Name of the filter that refused it.
    filter: str | None = None
    score: float | None = None
    #: Weigher -> its part of the score.
    weights: Mapping[str, float] = field(default_factory=dict)

    def as_result(self) -> dict[str, Any]:
        """As it is stored and shown."""
        one = self.candidate
        reason, message = columns(self.reason)
        return {
            "cloud_id": one.cloud_id,
            "cloud": one.cloud,
            "project_id": one.project_id,
            "zone": one.zone,
            "hypervisor": one.hypervisor,
            "flavor": one.flavor.name if one.flavor else None,
            "ok": self.ok,
            "filter": self.filter,
            "reason": reason,
            "message": message,
            "score": self.score,
            "weights": dict(self.weights),
        }
