"""Datastores that the hosts of a cluster see."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pyVmomi import vim

from polyvisor.vsphere.collector import related_filter
from polyvisor.vsphere.inventory import Properties, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

Maintenance = Literal["normal", "entering", "in"]

_PROPERTIES: Final = (
    "name",
    "host",
    "summary.accessible",
    "summary.capacity",
    "summary.freeSpace",
    "summary.maintenanceMode",
    "summary.multipleHostAccess",
    "summary.type",
    "summary.uncommitted",
    "summary.url",
    "vm",
)
_MAINTENANCE: Final[dict[str, Maintenance]] = {"enteringMaintenance": "entering", "inMaintenance": "in"}


@dataclass(frozen=True, slots=True)
class Mount:
    """How one host sees a datastore. Unset flags mean yes, as vCenter only sets them when it knows.

    Attributes:
        host: moref.
    """

    host: str
    mounted: bool
    accessible: bool
    read_only: bool

    @property
    def writable(self) -> bool:
        """Whether the host can make VMs there."""
        return self.mounted and self.accessible and not self.read_only


@dataclass(frozen=True, slots=True)
class Datastore:
    """A datastore as vCenter sees it.

    Source of facts: vSphere Web Services API, Datastore and DatastoreSummary.

    Attributes:
        name: unescaped.
        type: for example VMFS, NFS, NFS41, vsan or VVOL.
        provisioned_bytes: used, plus what thin disks may still grow to: more than the capacity if
            overcommitted.
        accessible: by at least one host.
        multiple_host_access: mounted by more than one host.
        hosts: every host that mounts it, in other clusters too.
        vm_count: VMs with files there, templates included.
    """

    moref: str
    name: str
    type: str
    url: str
    capacity_bytes: int
    free_bytes: int
    provisioned_bytes: int
    accessible: bool
    maintenance: Maintenance
    multiple_host_access: bool
    hosts: tuple[Mount, ...]
    vm_count: int


def list_datastores(session: Session, cluster: str) -> list[Datastore]:
    """Read all datastores that a host of the cluster mounts, by name, in one call.

    Args:
        cluster: moref, for example ``domain-c8``.

    Raises:
        NotFound: there is no such cluster.
        VSphereError: as `Session.call` does.
    """
    return datastores_of(retrieve(session, datastores_filter(session, cluster)))


def datastores_filter(session: Session, cluster: str) -> Any:
    """Describe what `datastores_of` needs to know of the datastores that the hosts of a cluster mount."""
    owner = session.managed_object(vim.ClusterComputeResource, cluster)
    return related_filter(owner, "datastore", vim.Datastore, _PROPERTIES)


def datastores_of(found: Mapping[str, Properties]) -> list[Datastore]:
    """Take the datastores out of what was read, by name."""
    datastores = [_datastore(key, props) for key, props in found.items() if key.startswith("datastore-")]
    return sorted(datastores, key=lambda datastore: datastore.name)


def _datastore(key: str, props: Properties) -> Datastore:
    capacity = int(props.get("summary.capacity", 0))
    free = int(props.get("summary.freeSpace", 0))
    return Datastore(
        moref=key,
        name=unescape(props["name"]),
        type=str(props.get("summary.type", "")),
        url=str(props.get("summary.url", "")),
        capacity_bytes=capacity,
        free_bytes=free,
        provisioned_bytes=capacity - free + int(props.get("summary.uncommitted", 0)),
        accessible=bool(props.get("summary.accessible")),
        maintenance=_MAINTENANCE.get(props.get("summary.maintenanceMode", ""), "normal"),
        multiple_host_access=bool(props.get("summary.multipleHostAccess")),
        hosts=tuple(_mount(mount) for mount in props.get("host", ())),
        vm_count=len(props.get("vm", ())),
    )


def _mount(mount: Any) -> Mount:
    info = mount.mountInfo
    return Mount(
        host=moref(mount.key),
        mounted=info.mounted is not False,
        accessible=info.accessible is not False,
        read_only=str(info.accessMode) == "readOnly",
    )
