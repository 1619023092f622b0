"""The checks: one file, one check. Each module has a `CHECK`; the module's name is the check's id."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from polyvisor.adoption import said
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.plan import Finding, Flavor, Network, Server, Severity
from polyvisor.adoption.topology import Topology
from polyvisor.message import Message
from polyvisor.vsphere.disk import Disk
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment
from polyvisor.vsphere.virtual_machine import VirtualMachine


@dataclass(frozen=True, slots=True)
class Subject:
    """A VM under examination."""

    discovery: Discovery
    vm: VirtualMachine
    server: Server

    @property
    def place(self) -> str:
        """Where the VM is: in another vCenter, one can have the same name in the same folder."""
        return f"{self.discovery.vcenter.address}{self.discovery.path(self.vm)}"


class Found(NamedTuple):
    """What a check found.

    Attributes:
        about: id of a VM, name of a network, or instance UUID of a vCenter.
        says: a sentence.
        item: what of the VM, for example "nic 4000".
    """

    about: str
    says: Message
    item: str | None = None


@dataclass(frozen=True)
class Context:
    """All that checks look at; they change nothing and ask nobody.

    Attributes:
        subjects: the VMs that are not left out, with the server that each would become.
        networks: by their names in the plan; so are the flavors.
    """

    discoveries: Sequence[Discovery]
    cloud: Cloud
    topology: Topology
    subjects: Sequence[Subject]
    networks: Mapping[str, Network]
    flavors: Mapping[str, Flavor]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        severity: "blocks": the VM is left alone until the cause is gone; "decision": until somebody accepts
            it with a reason; "note": for reading.
        title: what is the case, in a few words.
        way_out: what can be done about it.
    """

    severity: Severity
    title: str
    way_out: str
    find: Callable[[Context], Iterator[Found]]


def each_vm(says: Callable[[VirtualMachine], Message | None]) -> Callable[[Context], Iterator[Found]]:
    """Make the `find` of a check that looks at one VM at a time; None: nothing found."""

    def find(context: Context) -> Iterator[Found]:
        for subject in context.subjects:
            if found := says(subject.vm):
                yield Found(subject.server.id, found)

    return find


def each_disk(says: Callable[[Disk], Message | None]) -> Callable[[Context], Iterator[Found]]:
    """Make the `find` of a check that looks at one disk at a time; None: nothing found."""

    def find(context: Context) -> Iterator[Found]:
        for subject in context.subjects:
            for disk in subject.vm.disks:
                if found := says(disk):
                    yield Found(subject.server.id, found, f"disk {disk.key}")

    return find


def each_segment(
    says: Callable[[Segment | None, NetworkAdapter], Message | None],
) -> Callable[[Context], Iterator[Found]]:
    """Make the `find` of a check of each NIC and the port group that it is on; None: nothing found."""

    def find(context: Context) -> Iterator[Found]:
        for subject in context.subjects:
            for nic in subject.vm.nics:
                if found := says(subject.discovery.segment(subject.vm, nic), nic):
                    yield Found(subject.server.id, found, f"nic {nic.key}")

    return find


@cache
def registry() -> Mapping[str, Check]:
    """All checks by id, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return {name.replace("_", "-"): importlib.import_module(f"{__name__}.{name}").CHECK for name in names}


def run(context: Context) -> dict[str, list[Finding]]:
    """Run all checks; give the findings by what they are about."""
    findings: dict[str, list[Finding]] = {}
    for check_id, check in registry().items():
        for found in check.find(context):
            finding = Finding(
                check=check_id, severity=check.severity, item=found.item, **said.values(found.says)
            )
            findings.setdefault(found.about, []).append(finding)
    return findings
