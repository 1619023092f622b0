"""What was found in one vCenter at one moment, and the file that keeps it."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from polyvisor.adoption.errors import InputError
from polyvisor.vsphere.entity import Entity
from polyvisor.vsphere.network_adapter import NetworkAdapter
from polyvisor.vsphere.segment import Segment
from polyvisor.vsphere.virtual_machine import VirtualMachine

_FORMAT: Final = "polyvisor discovery 1"


@dataclass(frozen=True, slots=True)
class VCenter:
    """Which vCenter was looked at, when, and as whom.

    Attributes:
        uuid: instance UUID.
        at: ISO 8601, UTC.
        missing_privileges: name of an inventory object -> privileges that the account lacks on it.
    """

    uuid: str
    address: str
    version: str
    account: str
    at: str
    missing_privileges: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Discovery:
    """Everything read from one vCenter.

    Attributes:
        entities: by moref.
        custom_fields: key of a custom attribute -> name.
        tags: moref of a VM -> "category/tag", in order; None if they were not read.
    """

    vcenter: VCenter
    entities: Mapping[str, Entity]
    segments: tuple[Segment, ...]
    custom_fields: Mapping[int, str]
    tags: Mapping[str, tuple[str, ...]] | None
    vms: tuple[VirtualMachine, ...] = field(repr=False)

    def vm_id(self, vm: VirtualMachine) -> str:
        """Identity of a VM among all vCenters: two of them may use one moref."""
        return f"{self.vcenter.uuid}:{vm.moref}"

    def path(self, vm: VirtualMachine) -> str:
        """Inventory path as govc shows it, for example "/dc1/vm/shop/app-001"."""
        return f"{path(self.entities, vm.folder or vm.vapp)}/{_escaped(vm.name)}"

    def cluster(self, vm: VirtualMachine) -> Entity | None:
        """The cluster, or the compute resource of a host that is in none."""
        found = (item for item in above(self.entities, vm.host) if item.kind.endswith("ComputeResource"))
        return next(found, None)

    def datacenter(self, vm: VirtualMachine) -> str | None:
        """Moref of the datacenter that the VM is in."""
        found = (
            item.moref for item in above(self.entities, vm.host or vm.folder) if item.kind == "Datacenter"
        )
        return next(found, None)

    @cached_property
    def _standard(self) -> Mapping[tuple[str, str], Segment]:
        groups = (segment for segment in self.segments if segment.type == "standard")
        return {(host, segment.key): segment for segment in groups for host in segment.hosts}

    @cached_property
    def _distributed(self) -> Mapping[tuple[str | None, str], Segment]:
        return {(item.switch_uuid, item.key): item for item in self.segments if item.type == "distributed"}

    def segment(self, vm: VirtualMachine, nic: NetworkAdapter) -> Segment | None:
        """The port group that a NIC is on; None if it is gone, or of a type that is not known."""
        if nic.backing == "standard":
            return self._standard.get((vm.host or "", nic.network))
        return self._distributed.get((nic.switch_uuid, nic.network)) if nic.backing == "distributed" else None


def above(entities: Mapping[str, Entity], key: str | None) -> Iterator[Entity]:
    """The entity of a moref and those that it is in, innermost first."""
    while key is not None and (entity := entities.get(key)):
        yield entity
        key = entity.parent


def path(entities: Mapping[str, Entity], key: str | None) -> str:
    """Inventory path as govc shows it, without the root folder."""
    names = [_escaped(entity.name) for entity in above(entities, key)][::-1]
    return "/".join(["", *names[1:]])


def _escaped(name: str) -> str:
    return name.replace("/", "%2f")


_HEADER: Final = TypeAdapter(Discovery)
_VM: Final = TypeAdapter(VirtualMachine)


def save(discovery: Discovery, file: Path) -> None:
    """Write it whole or not at all, readable by its owner only: it tells a lot about a data center.

    Gzipped JSON lines: all but the VMs, then one VM a line, then how many there were.

    Raises:
        AdoptionError: it cannot be written.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        partial.touch(mode=0o600)
        with gzip.open(partial, "wb", compresslevel=1) as stream:
            _write(discovery, stream)
        partial.replace(file)
    except OSError as exc:
        raise InputError(f"{file} cannot be written: {exc.strerror}") from exc


def _write(discovery: Discovery, stream: gzip.GzipFile) -> None:
    header = _HEADER.dump_python(discovery, mode="json", exclude={"vms"})
    stream.write(json.dumps({"format": _FORMAT, **header}).encode() + b"\n")
    for vm in discovery.vms:
        stream.write(_VM.dump_json(vm) + b"\n")
    stream.write(json.dumps({"vms": len(discovery.vms)}).encode() + b"\n")


def load(file: Path) -> Discovery:
    """Read what `save` wrote.

    Raises:
        AdoptionError: there is no such file, it is none of these, or it is cut off.
    """
    try:
        with gzip.open(file, "rb") as stream:
            header: Any = json.loads(stream.readline())
            if not isinstance(header, dict) or header.pop("format", None) != _FORMAT:
                raise InputError(f"{file} is not of the format '{_FORMAT}'; discover again")
            vms = _read_vms(stream, file)
            return _HEADER.validate_python({**header, "vms": vms})
    except (OSError, EOFError, ValueError) as exc:
        raise InputError(f"{file} cannot be read as a discovery: {_reason(exc)}") from exc


def _read_vms(stream: gzip.GzipFile, file: Path) -> Sequence[VirtualMachine]:
    vms: list[VirtualMachine] = []
    for line in stream:
        if line.startswith(b'{"vms"'):
            if json.loads(line)["vms"] != len(vms):
                break
            return tuple(vms)
        vms.append(_VM.validate_json(line))
    raise InputError(f"{file} is cut off after {len(vms)} VMs; discover again")


def _reason(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        first = exc.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(exc)
