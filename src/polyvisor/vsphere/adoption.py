"""A VM that is there is taken over as a server, and let go of: its identity changes, and nothing else.

What the VM was before is recorded in its own ``extraConfig``, so whoever lets go of it needs no other memory,
and whoever would delete a VM can see that it was not made by Nova.
Source of facts: vSphere Web Services API Reference, VirtualMachineConfigSpec: instanceUuid ("can be modified
even when a virtual machine is powered on"), changeVersion, extraConfig (an empty value removes a key).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from pyVmomi import vim

from polyvisor.vsphere import ticket
from polyvisor.vsphere.collector import object_filter, objects_filter
from polyvisor.vsphere.configuration import OURS
from polyvisor.vsphere.disk import Disk, disks
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, retrieve
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.network_adapter import NetworkAdapter, network_adapters
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.ticket import Stub

RECORD: Final = "polyvisor.adopted"
"""The key of extraConfig with the `Record` of a VM that was taken over."""
RECORD_PROPERTY: Final = f'config.extraConfig["{RECORD}"]'
CONSOLE: Final = "RemoteDisplay.vnc."

_PROPERTIES: Final = (
    "name",
    "recentTask",
    "config.changeVersion",
    "config.extraConfig",
    "config.hardware.device",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.instanceUuid",
    "config.managedBy.extensionKey",
    "config.template",
    "runtime.connectionState",
    "runtime.faultToleranceState",
    "runtime.host",
    "runtime.powerState",
)


@dataclass(frozen=True, slots=True)
class Record:
    """What a VM was when it was taken over. JSON-able.

    Attributes:
        server: UUID of the server that it became.
        instance_uuid: that it had.
        options: of its extraConfig, those under the names that adoption uses.
        nics: MAC addresses.
        disks: UUIDs, or files where they have none.
        console: whether its console setting was changed too.
    """

    server: str
    instance_uuid: str
    options: dict[str, str]
    cpus: int
    memory_mb: int
    nics: list[str]
    disks: list[str]
    console: bool = False

    @classmethod
    def read(cls, value: str | None) -> Self | None:
        """Read the value of the VM's key; None or nothing: it was not taken over."""
        return cls(**json.loads(value)) if value else None

    def __str__(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Machine:
    """A VM as far as taking it over, or letting go of it, needs to know.

    Attributes:
        host: moref; None for an orphaned VM.
        cluster: moref of the host's cluster.
        version: of the configuration; two changes of one version are one too many.
        options: of extraConfig, those under the names that adoption uses.
        tasks: morefs of those of the last minutes.
    """

    moref: str
    name: str
    host: str | None
    cluster: str | None
    version: str
    instance_uuid: str
    cpus: int
    memory_mb: int
    power_state: str
    connection_state: str
    fault_tolerance: str
    template: bool
    managed_by: str
    nics: tuple[NetworkAdapter, ...]
    disks: tuple[Disk, ...]
    options: Mapping[str, str] = field(repr=False)
    tasks: tuple[str, ...] = ()

    @property
    def record(self) -> Record | None:
        """What the VM was before it was taken over; None if it was not."""
        return Record.read(self.options.get(RECORD))

    @property
    def ticket(self) -> Stub | None:
        """The ticket by which it can be taken over."""
        return Stub.read(self.options.get(ticket.KEY, ""))

    @property
    def disk_ids(self) -> list[str]:
        """What is the disks' for life."""
        return [disk.uuid or disk.file for disk in self.disks]


def read_machine(session: Session, key: str) -> Machine:
    """Read a VM by its moref, in two calls.

    Raises:
        NotFound: there is no such VM, or vCenter cannot read its configuration.
        VSphereError: as `Session.call` does.
    """
    vm = session.managed_object(vim.VirtualMachine, key)
    props = retrieve(session, object_filter(vm, _PROPERTIES)).get(key, {})
    if "config.hardware.device" not in props:
        raise NotFound(f"{session.endpoint}: there is no VM {key}, or its configuration cannot be read")
    host = props.get("runtime.host")
    return _machine(key, props, _cluster_of(session, host) if host is not None else None)


def record_of(session: Session, key: str) -> Record | None:
    """Read what a VM (a moref) was before it was taken over; None if it was not, or is gone.

    Raises:
        VSphereError: as `Session.call` does.
    """
    vm = session.managed_object(vim.VirtualMachine, key)
    props = retrieve(session, objects_filter([vm], vim.VirtualMachine, ["name", RECORD_PROPERTY])).get(
        key, {}
    )
    option = props.get(RECORD_PROPERTY)
    return Record.read(str(option.value)) if option is not None else None


def start_taking(session: Session, machine: Machine, server: str, marks: Mapping[str, str]) -> Any:
    """Start to make a VM that of a server; give the task. The ticket goes in the same step.

    Args:
        server: UUID, which becomes the VM's.
        marks: further options by which others know the VM and its devices; those of the console among them.

    Raises:
        VSphereError: as `Session.call` does. The task ends with Busy if the VM is no longer as it was read.
    """
    record = Record(
        server=server,
        instance_uuid=machine.instance_uuid,
        options={key: value for key, value in machine.options.items() if key != ticket.KEY},
        cpus=machine.cpus,
        memory_mb=machine.memory_mb,
        nics=[nic.mac for nic in machine.nics],
        disks=machine.disk_ids,
        console=any(key.startswith(CONSOLE) for key in marks),
    )
    wanted = {ticket.KEY: "", "nvp.vm-uuid": server, **marks, RECORD: str(record)}
    return _reconfigure(session, machine, server, wanted)


def start_giving_back(session: Session, machine: Machine, record: Record) -> Any:
    """Start to make a VM that was taken over what it was; give the task.

    Raises:
        VSphereError: as `Session.call` does. The task ends with Busy if the VM is no longer as it was read.
    """
    ours = [key for key in machine.options if record.console or not key.startswith(CONSOLE)]
    wanted = dict.fromkeys(ours, "") | record.options
    return _reconfigure(session, machine, record.instance_uuid, wanted)


def _reconfigure(session: Session, machine: Machine, instance_uuid: str, wanted: Mapping[str, str]) -> Any:
    vm = session.managed_object(vim.VirtualMachine, machine.moref)
    spec = vim.vm.ConfigSpec(
        changeVersion=machine.version,
        instanceUuid=instance_uuid,
        extraConfig=[
            vim.option.OptionValue(key=key, value=value)
            for key, value in sorted(wanted.items())
            if machine.options.get(key, "") != value
        ],
    )
    return session.call(vm.ReconfigVM_Task, spec)


def _machine(key: str, props: Properties, cluster: str | None) -> Machine:
    devices: Any = props["config.hardware.device"]
    options = {option.key: str(option.value) for option in props.get("config.extraConfig", ())}
    host = props.get("runtime.host")
    return Machine(
        moref=key,
        name=unescape(props["name"]),
        host=moref(host) if host is not None else None,
        cluster=cluster,
        version=str(props.get("config.changeVersion", "")),
        instance_uuid=str(props.get("config.instanceUuid", "")).lower(),
        cpus=int(props["config.hardware.numCPU"]),
        memory_mb=int(props["config.hardware.memoryMB"]),
        power_state=str(props.get("runtime.powerState", "unknown")),
        connection_state=str(props.get("runtime.connectionState", "unknown")),
        fault_tolerance=str(props.get("runtime.faultToleranceState") or "notConfigured"),
        template=bool(props.get("config.template")),
        managed_by=str(props.get("config.managedBy.extensionKey") or ""),
        nics=network_adapters(devices),
        disks=disks(devices),
        options={key: value for key, value in options.items() if key.startswith(OURS) and value},
        tasks=tuple(moref(task) for task in props.get("recentTask", ())),
    )


def _cluster_of(session: Session, host: Any) -> str | None:
    found = retrieve(session, object_filter(host, ["parent"])).get(moref(host), {})
    return moref(found["parent"]) if found.get("parent") is not None else None
