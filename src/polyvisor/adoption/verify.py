"""Whether OpenStack and vCenter still agree about adopted servers, and what was done outside of OpenStack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from polyvisor.adoption.addresses import reported
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.flavors import gibibytes, root_disk
from polyvisor.adoption.journal import Journal
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.view import View, look
from polyvisor.adoption.work import OnProgress, Work
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session

_POWER: Final = {"ACTIVE": "poweredOn", "SHUTOFF": "poweredOff", "SUSPENDED": "suspended"}
#: By the fingerprint, beside what is compared with OpenStack's view.
_COMPARED: Final = ("name", "config.name", "config.hardware.", "config.template")
_HEAD: Final = "config.extraConfig.volume-"
_MOST_SETTINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """Something is not as OpenStack says, or not as it was.

    Attributes:
        field: name, flavor, power, compute, port, address, volume, disk, identity, snapshot, host, settings.
        says: in plain words.
        drift: OpenStack and vCenter contradict each other; else the VM has changed since it was adopted, and
            OpenStack's view is still true.
    """

    vm: str
    field: str
    says: str
    drift: bool = True


@dataclass(frozen=True)
class Verified:
    """The outcome.

    Attributes:
        servers: how many were looked at.
    """

    servers: int
    differences: Sequence[Difference]

    @property
    def drifted(self) -> bool:
        """Whether there is any contradiction."""
        return any(item.drift for item in self.differences)


def verify(
    plan: Plan,
    clouds: Clouds,
    vcenters: Mapping[str, Session],
    journal: Journal,
    on_progress: OnProgress = lambda _progress: None,
) -> Verified:
    """Compare all adopted servers of a plan.

    Raises:
        AdoptionError: OpenStack cannot be read.
        VSphereError: a vCenter cannot be read.
    """
    work = Work(clouds, vcenters, journal, on_progress)
    vms = [vm for vm in journal.vms().values() if vm.state == "adopted"]
    views = look(work, plan, vms) if vms else iter(())
    return Verified(len(vms), [item for view in views for item in compare(view)])


def compare(view: View) -> Iterator[Difference]:
    """Compare both sides of one server."""
    if view.server is None:
        yield Difference(view.id, "identity", f"server {view.record.details['server']} is gone from Nova")
    if view.vm is None:
        yield Difference(view.id, "identity", "the VM is gone from vCenter")
    if view.server is None or view.vm is None:
        return
    for field, find in _DRIFTS.items():
        yield from (Difference(view.id, field, says) for says in find(view, view.server, view.vm))
    for field, find in _CHANGES.items():
        yield from (Difference(view.id, field, says, False) for says in find(view, view.server, view.vm))


def _identity(_view: View, server: Any, vm: Any) -> Iterator[str]:
    if vm.nova_uuid != server["id"]:
        yield f"vCenter has it as server {vm.nova_uuid or 'of nobody'}, Nova as {server['id']}"


def _name(view: View, server: Any, vm: Any) -> Iterator[str]:
    before = unescape(view.prints[0].values["name"]) if view.prints[0] else vm.name
    if before != vm.name:
        yield f"it was renamed in vCenter from {before} to {vm.name}; the server is {server['name']}"


def _flavor(_view: View, server: Any, vm: Any) -> Iterator[str]:
    flavor = server["flavor"]
    if (vm.vcpus, vm.memory_mb) != (flavor["vcpus"], flavor["ram"]):
        yield (
            f"the VM has {vm.vcpus} vCPUs and {vm.memory_mb} MB, flavor {flavor['original_name']} "
            f"{flavor['vcpus']} and {flavor['ram']} MB"
        )


def _power(_view: View, server: Any, vm: Any) -> Iterator[str]:
    if _POWER.get(server["status"]) != vm.power_state:
        yield f"the server is {server['status']}, the VM {vm.power_state}"


def _compute(view: View, server: Any, vm: Any) -> Iterator[str]:
    cluster = view.discovery.cluster(vm)
    node = server["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    if cluster is None or node != f"{cluster.moref}.{view.discovery.vcenter.uuid}":
        where = cluster.name if cluster else "no cluster"
        yield f"the VM is in {where} now, which {server['OS-EXT-SRV-ATTR:host']} does not manage"


def _ports(view: View, _server: Any, vm: Any) -> Iterator[str]:
    nics = {nic.mac: nic for nic in vm.nics}
    for port in view.ports:
        nic = nics.pop(port["mac_address"].lower(), None)
        if nic is None:
            yield f"no NIC has the MAC address {port['mac_address']} of port {port['id']}"
            continue
        network = view.networks[port["network_id"]]
        segment = view.discovery.segment(vm, nic)
        wanted = int(network["provider:segmentation_id"] or 0)
        present = segment.vlan or 0 if segment and segment.tagging in {"vlan", "untagged"} else None
        if present != wanted:
            where = f"{segment.switch}/{segment.name} ({segment.vlan or segment.tagging})" if segment else "-"
            yield f"{nic.label} is on {where}, its port on network {network['name']}, VLAN {wanted}"
    left = {port.nic for port in view.plan.ports if not port.made} if view.plan else set()
    yield from (
        f"{nic.label} ({nic.mac}) has no port: added in vCenter"
        for nic in nics.values()
        if nic.key not in left
    )


def _addresses(view: View, _server: Any, vm: Any) -> Iterator[str]:
    nics = {nic.mac: nic for nic in vm.nics}
    for port in view.ports:
        nic = nics.get(port["mac_address"].lower())
        fixed = {str(ip_address(item["ip_address"])) for item in port["fixed_ips"]}
        seen = set(reported(nic)) if nic else set()
        if seen and fixed and not fixed <= seen:
            yield f"{port['mac_address']} has {', '.join(sorted(seen))}, its port {', '.join(sorted(fixed))}"


def _volumes(view: View, _server: Any, vm: Any) -> Iterator[str]:
    options = view.prints[1].values if view.prints[1] else {}
    disks = {disk.uuid: disk for disk in vm.disks}
    known = {options.get(f"{_HEAD}{volume['id']}") for volume in view.volumes}
    for volume in view.volumes:
        disk = disks.get(options.get(f"{_HEAD}{volume['id']}"))
        if disk is None:
            yield f"volume {volume['id']} is attached, but the VM has no disk of it"
        elif volume.get("size") not in {None, size := gibibytes(disk.capacity_bytes)}:
            yield f"volume {volume['id']} has {volume['size']} GB, its disk {size} GB"
    kept = {volume.disk for volume in view.plan.volumes if not volume.take} if view.plan else set()
    for disk in vm.disks:
        if disk is not root_disk(vm) and disk.key not in kept and disk.uuid not in known:
            yield f"{disk.label} of {gibibytes(disk.capacity_bytes)} GB ({disk.file}) was added in vCenter"


def _snapshots(view: View, _server: Any, vm: Any) -> Iterator[str]:
    before = set(view.record.details.get("snapshots", ()))
    present = {snapshot.name for snapshot in vm.snapshots}
    yield from (f"snapshot {name} was taken since" for name in sorted(present - before))
    yield from (f"snapshot {name} was deleted since" for name in sorted(before - present))


def _host(view: View, _server: Any, vm: Any) -> Iterator[str]:
    before = view.record.details.get("host")
    if before and before != vm.host:
        known = view.discovery.entities
        was, is_now = (known[ref].name if ref in known else ref for ref in (before, vm.host))
        yield f"it was moved from ESXi host {was} to {is_now}"


def _settings(view: View, _server: Any, _vm: Any) -> Iterator[str]:
    before, now = view.prints
    if before is None or now is None:
        return
    lines = [line for line in fingerprint.difference(before, now) if not line.startswith(_COMPARED)]
    yield from lines[:_MOST_SETTINGS]
    if len(lines) > _MOST_SETTINGS:
        yield f"and {len(lines) - _MOST_SETTINGS} more settings"


_Finder = Callable[[View, Any, Any], Iterator[str]]
_DRIFTS: Final[Mapping[str, _Finder]] = {
    "identity": _identity,
    "name": _name,
    "flavor": _flavor,
    "power": _power,
    "compute": _compute,
    "port": _ports,
    "address": _addresses,
    "volume": _volumes,
}
_CHANGES: Final[Mapping[str, _Finder]] = {"snapshot": _snapshots, "host": _host, "settings": _settings}
