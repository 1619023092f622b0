"""An adopted server as OpenStack and as vCenter see it, side by side."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from polyvisor.adoption import prints
from polyvisor.adoption.clouds import listing
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.journal import Thing, Vm
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Plan, Server
from polyvisor.adoption.work import Work
from polyvisor.vsphere.fingerprint import Fingerprint
from polyvisor.vsphere.virtual_machine import VirtualMachine

#: The first with the flavor's sizes in the server.
_MICROVERSION: Final = "2.47"


@dataclass(frozen=True)
class View:
    """Both sides of one server, as their APIs tell them.

    Attributes:
        plan: of a VM that is in the plan no more: None.
        record: what the journal has of the VM.
        server: of Nova; None: it is gone.
        ports: of Neutron.
        volumes: of Cinder, those that Nova has attached.
        networks: of Neutron, by id.
        vm: None: it is gone.
        prints: before it was adopted, and now.
    """

    id: str
    plan: Server | None
    record: Vm
    server: Mapping[str, Any] | None
    ports: Sequence[Mapping[str, Any]]
    volumes: Sequence[Mapping[str, Any]]
    networks: Mapping[str, Mapping[str, Any]]
    discovery: Discovery
    vm: VirtualMachine | None
    prints: tuple[Fingerprint | None, Fingerprint | None]


def look(work: Work, plan: Plan, vms: Sequence[Vm]) -> Iterator[View]:
    """Read both sides in bulk: a list for each kind of resource.

    Raises:
        AdoptionError: OpenStack cannot be read, or a vCenter was not given.
        VSphereError: a vCenter cannot be read.
    """
    admin = work.clouds.admin
    work.tell("OpenStack", say("reading"))
    query = {"all_tenants": "1"}
    found = listing(admin.compute, "/servers/detail", "servers", query, microversion=_MICROVERSION)
    servers = {item["id"]: item for item in found}
    ports: dict[str, list[dict[str, Any]]] = {}
    for item in listing(admin.network, "/ports", "ports"):
        ports.setdefault(item["device_id"], []).append(item)
    networks = {item["id"]: item for item in listing(admin.network, "/networks", "networks")}
    volumes = dict(_volumes(work, work.journal.things(kind="volume"), servers.values()))
    work.tell("vCenter", say("reading"))
    discoveries = {uuid: work.discover(uuid) for uuid in {vm.id.partition(":")[0] for vm in vms}}
    present = {f"{uuid}:{vm.moref}": vm for uuid, found in discoveries.items() for vm in found.vms}
    now = prints.read(work, [vm.id for vm in vms])
    planned = {server.id: server for server in plan.servers}
    for vm in vms:
        server = servers.get(vm.details["server"])
        attached = server["os-extended-volumes:volumes_attached"] if server else ()
        yield View(
            id=vm.id,
            plan=planned.get(vm.id),
            record=vm,
            server=server,
            ports=ports.get(vm.details["server"], ()),
            volumes=[volumes.get(item["id"], {"id": item["id"]}) for item in attached],
            networks=networks,
            discovery=discoveries[vm.id.partition(":")[0]],
            vm=present.get(vm.id),
            prints=(prints.before(vm), now.get(vm.id)),
        )


def _volumes(
    work: Work, things: Iterable[Thing], servers: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All volumes of the projects that have some; none where there is no Cinder."""
    attached = any(server["os-extended-volumes:volumes_attached"] for server in servers)
    if attached or list(things):
        cinder = work.clouds.admin.block_storage
        for item in listing(cinder, "/volumes/detail", "volumes", {"all_tenants": "1"}):
            yield item["id"], item
