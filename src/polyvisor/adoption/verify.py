"""Whether OpenStack and vCenter still agree about adopted servers, and what was done outside of OpenStack."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from polyvisor.adoption.addresses import reported
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.flavors import gibibytes, root_disk
from polyvisor.adoption.journal import Journal
from polyvisor.adoption.message import heard, say
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.view import View, look
from polyvisor.adoption.work import OnProgress, Work
from polyvisor.message import Message
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
        drift: OpenStack and vCenter contradict each other; else the VM has changed since it was adopted, and
            OpenStack's view is still true.
    """

    vm: str
    field: str
    says: Message
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
        yield Difference(view.id, "identity", say("server_gone", server=view.record.details["server"]))
    if view.vm is None:
        yield Difference(view.id, "identity", say("vm_gone_from_vcenter"))
    if view.server is None or view.vm is None:
        return
    for field, find in _DRIFTS.items():
        yield from (Difference(view.id, field, says) for says in find(view, view.server, view.vm))
    for field, find in _CHANGES.items():
        yield from (Difference(view.id, field, says, False) for says in find(view, view.server, view.vm))


def _identity(_view: View, server: Any, vm: Any) -> Iterator[Message]:
    if vm.nova_uuid != server["id"]:
        known = vm.nova_uuid or say("of_nobody")
        yield say("identity_other", found=known, known=server["id"])


def _name(view: View, server: Any, vm: Any) -> Iterator[Message]:
    before = unescape(view.prints[0].values["name"]) if view.prints[0] else vm.name
    if before != vm.name:
        yield say("renamed", before=before, now=vm.name, server=server["name"])


def _flavor(_view: View, server: Any, vm: Any) -> Iterator[Message]:
    flavor = server["flavor"]
    if (vm.vcpus, vm.memory_mb) != (flavor["vcpus"], flavor["ram"]):
        counted = {
            "vcpus": flavor["vcpus"],
            "ram": flavor["ram"],
            "vm_vcpus": vm.vcpus,
            "vm_ram": vm.memory_mb,
        }
        yield say("flavor_differs", flavor=flavor["original_name"], **counted)


def _power(_view: View, server: Any, vm: Any) -> Iterator[Message]:
    if _POWER.get(server["status"]) != vm.power_state:
        yield say("power_differs", status=server["status"], power=vm.power_state)


def _compute(view: View, server: Any, vm: Any) -> Iterator[Message]:
    cluster = view.discovery.cluster(vm)
    node = server["OS-EXT-SRV-ATTR:hypervisor_hostname"]
    if cluster is None or node != f"{cluster.moref}.{view.discovery.vcenter.uuid}":
        where = cluster.name if cluster else say("no_cluster")
        yield say("compute_differs", cluster=where, compute=server["OS-EXT-SRV-ATTR:host"])


def _ports(view: View, _server: Any, vm: Any) -> Iterator[Message]:
    nics = {nic.mac: nic for nic in vm.nics}
    for port in view.ports:
        nic = nics.pop(port["mac_address"].lower(), None)
        if nic is None:
            yield say("port_without_nic", mac=port["mac_address"], port=port["id"])
            continue
        network = view.networks[port["network_id"]]
        segment = view.discovery.segment(vm, nic)
        wanted = int(network["provider:segmentation_id"] or 0)
        present = segment.vlan or 0 if segment and segment.tagging in {"vlan", "untagged"} else None
        if present != wanted:
            where = f"{segment.switch}/{segment.name} ({segment.vlan or segment.tagging})" if segment else "-"
            yield say("nic_on_other", nic=nic.label, where=where, network=network["name"], vlan=wanted)
    left = {port.nic for port in view.plan.ports if not port.made} if view.plan else set()
    yield from (
        say("nic_without_port", nic=nic.label, mac=nic.mac) for nic in nics.values() if nic.key not in left
    )


def _addresses(view: View, _server: Any, vm: Any) -> Iterator[Message]:
    nics = {nic.mac: nic for nic in vm.nics}
    for port in view.ports:
        nic = nics.get(port["mac_address"].lower())
        fixed = {str(ip_address(item["ip_address"])) for item in port["fixed_ips"]}
        seen = set(reported(nic)) if nic else set()
        if seen and fixed and not fixed <= seen:
            told, known = ", ".join(sorted(seen)), ", ".join(sorted(fixed))
            yield say("addresses_differ", mac=port["mac_address"], told=told, known=known)


def _volumes(view: View, _server: Any, vm: Any) -> Iterator[Message]:
    options = view.prints[1].values if view.prints[1] else {}
    disks = {disk.uuid: disk for disk in vm.disks}
    known = {options.get(f"{_HEAD}{volume['id']}") for volume in view.volumes}
    for volume in view.volumes:
        disk = disks.get(options.get(f"{_HEAD}{volume['id']}"))
        if disk is None:
            yield say("volume_without_disk", volume=volume["id"])
        elif volume.get("size") not in {None, size := gibibytes(disk.capacity_bytes)}:
            yield say("volume_resized", volume=volume["id"], size=volume["size"], disk_size=size)
    kept = {volume.disk for volume in view.plan.volumes if not volume.take} if view.plan else set()
    for disk in vm.disks:
        if disk is not root_disk(vm) and disk.key not in kept and disk.uuid not in known:
            size = gibibytes(disk.capacity_bytes)
            yield say("disk_added_in_vcenter", disk=disk.label, size=size, file=disk.file)


def _snapshots(view: View, _server: Any, vm: Any) -> Iterator[Message]:
    before = set(view.record.details.get("snapshots", ()))
    present = {snapshot.name for snapshot in vm.snapshots}
    yield from (say("snapshot_taken", name=name) for name in sorted(present - before))
    yield from (say("snapshot_deleted", name=name) for name in sorted(before - present))


def _host(view: View, _server: Any, vm: Any) -> Iterator[Message]:
    before = view.record.details.get("host")
    if before and before != vm.host:
        known = view.discovery.entities
        was, is_now = (known[ref].name if ref in known else ref for ref in (before, vm.host))
        yield say("moved", before=was, now=is_now)


def _settings(view: View, _server: Any, _vm: Any) -> Iterator[Message]:
    before, now = view.prints
    if before is None or now is None:
        return
    lines = [line for line in fingerprint.difference(before, now) if not line.startswith(_COMPARED)]
    yield from map(heard, lines[:_MOST_SETTINGS])
    if len(lines) > _MOST_SETTINGS:
        yield say("more_settings", count=len(lines) - _MOST_SETTINGS)


_Finder = Callable[[View, Any, Any], Iterator[Message]]
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
