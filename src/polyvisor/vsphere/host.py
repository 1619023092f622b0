"""ESXi hosts of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import related_filter
from polyvisor.vsphere.inventory import Properties, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref

_PROPERTIES: Final = (
    "name",
    "datastore",
    "overallStatus",
    "runtime.connectionState",
    "runtime.inMaintenanceMode",
    "runtime.inQuarantineMode",
    "runtime.powerState",
    "summary.config.product.version",
    "summary.hardware.cpuMhz",
    "summary.hardware.memorySize",
    "summary.hardware.numCpuCores",
    "summary.quickStats.overallCpuUsage",
    "summary.quickStats.overallMemoryUsage",
    "vm",
)


@dataclass(frozen=True, slots=True)
class Host:
    """An ESXi host as vCenter sees it.

    Source of facts: vSphere Web Services API, HostSystem.

    Attributes:
        name: unescaped; usually the DNS name under which it was added to vCenter.
        connection_state: connected, disconnected or notResponding.
        power_state: poweredOn, poweredOff, standBy or unknown.
        maintenance: in maintenance mode.
        quarantine: in quarantine mode: degraded, and DRS avoids it.
        overall_status: green, yellow, red or gray (not known).
        cpu_mhz: of all cores together.
        version: of ESXi, for example 8.0.2; None while vCenter does not know it.
        vm_count: registered VMs, running or not, templates included.
        datastores: morefs of those that it mounts.
    """

    moref: str
    name: str
    cluster: str
    connection_state: str
    power_state: str
    maintenance: bool
    quarantine: bool
    overall_status: str
    cpu_cores: int
    cpu_mhz: int
    cpu_used_mhz: int
    memory_bytes: int
    memory_used_bytes: int
    version: str | None
    vm_count: int
    datastores: tuple[str, ...]


def list_hosts(session: Session, cluster: str) -> list[Host]:
    """Read all hosts of a cluster, by name, in one call.

    Args:
        cluster: moref, for example ``domain-c8``.

    Raises:
        NotFound: there is no such cluster.
        VSphereError: as `Session.call` does.
    """
    return hosts_of(retrieve(session, hosts_filter(session, cluster)), cluster)


def hosts_filter(session: Session, cluster: str) -> Any:
    """Describe what `hosts_of` needs to know of the hosts of a cluster."""
    owner = session.managed_object(vim.ClusterComputeResource, cluster)
    return related_filter(owner, "host", vim.HostSystem, _PROPERTIES)


def hosts_of(found: Mapping[str, Properties], cluster: str) -> list[Host]:
    """Take the hosts out of what was read, by name."""
    hosts = [_host(key, cluster, props) for key, props in found.items() if key.startswith("host-")]
    return sorted(hosts, key=lambda host: host.name)


def _host(key: str, cluster: str, props: Properties) -> Host:
    """Build one; a host that vCenter cannot reach lacks some properties."""

    def number(name: str) -> int:
        value: Any = props.get(name)
        return int(value or 0)

    cores = number("summary.hardware.numCpuCores")
    version = props.get("summary.config.product.version")
    return Host(
        moref=key,
        name=unescape(props["name"]),
        cluster=cluster,
        connection_state=str(props.get("runtime.connectionState", "disconnected")),
        power_state=str(props.get("runtime.powerState", "unknown")),
        maintenance=bool(props.get("runtime.inMaintenanceMode")),
        quarantine=bool(props.get("runtime.inQuarantineMode")),
        overall_status=str(props.get("overallStatus", "gray")),
        cpu_cores=cores,
        cpu_mhz=cores * number("summary.hardware.cpuMhz"),
        cpu_used_mhz=number("summary.quickStats.overallCpuUsage"),
        memory_bytes=number("summary.hardware.memorySize"),
        memory_used_bytes=number("summary.quickStats.overallMemoryUsage") * 1024**2,
        version=str(version) if version else None,
        vm_count=len(props.get("vm", ())),
        datastores=tuple(moref(store) for store in props.get("datastore", ())),
    )
