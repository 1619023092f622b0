"""Virtual machines with all that decides whether, and as what, one can be managed elsewhere."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.collector import objects_filter
from polyvisor.vsphere.disk import Disk, disks
from polyvisor.vsphere.inventory import Properties, retrieve, stream
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.network_adapter import NetworkAdapter, network_adapters
from polyvisor.vsphere.session import Session, moref

#: Nova writes a server's id here. A key in brackets picks one element of the array (PropertyCollector,
#: PathSet).
_NOVA_UUID: Final = 'config.extraConfig["nvp.vm-uuid"]'
_PROPERTIES: Final = (
    "name",
    "parent",
    "parentVApp",
    "resourcePool",
    "customValue",
    "config.annotation",
    "config.files.vmPathName",
    "config.firmware",
    "config.guestFullName",
    "config.guestId",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.instanceUuid",
    "config.keyId.keyId",
    "config.managedBy.extensionKey",
    "config.template",
    "config.uuid",
    "config.version",
    _NOVA_UUID,
    "guest.hostName",
    "guest.net",
    "guest.toolsRunningStatus",
    "guest.toolsVersionStatus2",
    "runtime.connectionState",
    "runtime.consolidationNeeded",
    "runtime.faultToleranceState",
    "runtime.host",
    "runtime.powerState",
    "snapshot.rootSnapshotList",
)
_PAGE: Final = 200
_device: Final = vim.vm.device
_PASSTHROUGH: Final = (
    _device.VirtualPCIPassthrough,
    _device.VirtualSCSIPassthrough,
    _device.VirtualUSB,
    _device.VirtualSriovEthernetCard,
)
#: Key of the one virtual TPM that a VM can have; its type is newer than the API version that we speak.
_TPM_KEY: Final = 11000
_INSTALLED: Final = ("guestToolsCurrent", "guestToolsNeedUpgrade", "guestToolsUnmanaged")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of a VM, as the tree lists it."""

    moref: str
    name: str


@dataclass(frozen=True, slots=True)
class VirtualMachine:
    """A VM as vCenter describes it.

    Source of facts: vSphere Web Services API, VirtualMachine and what it refers to.

    Attributes:
        name: unescaped.
        folder: moref of its folder; None for a member of a vApp.
        vapp: moref of the vApp that it is a member of.
        host: moref; None for one that no host has.
        instance_uuid: unique in its vCenter by intention; a copied file can break that.
        nova_uuid: what Nova wrote into it: id of a server.
        managed_by: key of the vCenter extension that manages it.
        tools: running, stopped or absent.
        fault_tolerance: notConfigured, or its state.
        passthrough: labels of physical devices of the host that it uses.
        custom: custom attribute key -> value.
    """

    moref: str
    name: str
    folder: str | None
    vapp: str | None
    resource_pool: str | None
    host: str | None
    instance_uuid: str
    bios_uuid: str
    nova_uuid: str | None
    template: bool
    power_state: str
    connection_state: str
    file: str
    vcpus: int
    memory_mb: int
    hardware_version: str
    firmware: str
    guest_id: str
    guest_name: str
    host_name: str
    tools: str
    annotation: str
    managed_by: str | None
    fault_tolerance: str
    consolidation_needed: bool
    encrypted: bool
    tpm: bool
    passthrough: tuple[str, ...]
    snapshots: tuple[Snapshot, ...]
    custom: tuple[tuple[int, str], ...]
    disks: tuple[Disk, ...]
    nics: tuple[NetworkAdapter, ...]


def stream_virtual_machines(session: Session) -> Iterator[VirtualMachine]:
    """Read all VMs and templates of the vCenter, page by page, so that few are in memory at a time.

    Two pages are under way while one is worked on, so a VM that is made or removed meanwhile may be missing.

    Raises:
        VSphereError: as `Session.call` does.
    """
    for key, props in stream(session, vim.VirtualMachine, _PROPERTIES):
        yield _virtual_machine(key, props)


def read_virtual_machines(session: Session, morefs: Collection[str]) -> dict[str, VirtualMachine]:
    """Read some VMs (by their morefs) in one call for each page; those that are gone are missing.

    Raises:
        VSphereError: as `Session.call` does.
    """
    objects = [session.managed_object(vim.VirtualMachine, key) for key in morefs]
    if not objects:
        return {}
    found = retrieve(session, objects_filter(objects, vim.VirtualMachine, _PROPERTIES), _PAGE)
    return {key: _virtual_machine(key, props) for key, props in found.items() if "name" in props}


def _virtual_machine(key: str, props: Properties) -> VirtualMachine:
    """Build one; an orphaned or inaccessible VM lacks most properties."""

    def text(name: str) -> str:
        return str(props.get(name) or "")

    def reference(name: str) -> str | None:
        return moref(props[name]) if props.get(name) is not None else None

    devices: Sequence[Any] = props.get("config.hardware.device", ())
    return VirtualMachine(
        moref=key,
        name=unescape(text("name")),
        folder=reference("parent"),
        vapp=reference("parentVApp"),
        resource_pool=reference("resourcePool"),
        host=reference("runtime.host"),
        instance_uuid=text("config.instanceUuid").lower(),
        bios_uuid=text("config.uuid").lower(),
        nova_uuid=_option(props.get(_NOVA_UUID)),
        template=bool(props.get("config.template")),
        power_state=text("runtime.powerState") or "unknown",
        connection_state=text("runtime.connectionState") or "unknown",
        file=text("config.files.vmPathName"),
        vcpus=int(props.get("config.hardware.numCPU", 0)),
        memory_mb=int(props.get("config.hardware.memoryMB", 0)),
        hardware_version=text("config.version"),
        firmware=text("config.firmware"),
        guest_id=text("config.guestId"),
        guest_name=text("config.guestFullName"),
        host_name=text("guest.hostName"),
        tools=_tools(text("guest.toolsRunningStatus"), text("guest.toolsVersionStatus2")),
        annotation=text("config.annotation"),
        managed_by=text("config.managedBy.extensionKey") or None,
        fault_tolerance=text("runtime.faultToleranceState") or "notConfigured",
        consolidation_needed=bool(props.get("runtime.consolidationNeeded")),
        encrypted=bool(props.get("config.keyId.keyId")),
        tpm=any(isinstance(device, _device.VirtualTPM) or device.key == _TPM_KEY for device in devices),
        passthrough=tuple(_label(device) for device in devices if isinstance(device, _PASSTHROUGH)),
        snapshots=tuple(_snapshots(props.get("snapshot.rootSnapshotList", ()))),
        custom=tuple((int(item.key), str(item.value)) for item in props.get("customValue", ())),
        disks=disks(devices),
        nics=network_adapters(devices, props.get("guest.net", ())),
    )


def _option(option: Any) -> str | None:
    return str(option.value) or None if option is not None else None


def _tools(running: str, version: str) -> str:
    if running in {"guestToolsRunning", "guestToolsExecutingScripts"}:
        return "running"
    return "stopped" if version in _INSTALLED or version.startswith("guestToolsSupported") else "absent"


def _label(device: Any) -> str:
    return str(device.deviceInfo.label) if device.deviceInfo else type(device).__name__.rpartition(".")[2]


def _snapshots(trees: Sequence[Any]) -> Iterator[Snapshot]:
    for tree in trees:
        yield Snapshot(moref(tree.snapshot), unescape(tree.name))
        yield from _snapshots(tree.childSnapshotList)
