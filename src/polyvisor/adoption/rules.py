"""Rules: how a plan is filled for thousands of VMs at once."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from polyvisor.adoption import documents
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Address, CheckId, Cidr, Name
from polyvisor.adoption.text import Text
from polyvisor.vsphere.segment import Segment
from polyvisor.vsphere.virtual_machine import VirtualMachine


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as exc:
        raise ValueError(f"is no regular expression: {exc}") from exc
    return text


Pattern = Annotated[str, Field(max_length=500), AfterValidator(_pattern)]
_FROZEN: Final = ConfigDict(extra="forbid", strict=True, frozen=True)


class SwitchRule(BaseModel):
    """Which physical network of Neutron a switch is.

    Attributes:
        switch: name of a distributed or standard switch.
        datacenter: name, where several have a switch of that name.
        vcenter: its instance UUID, likewise.
    """

    model_config = _FROZEN
    switch: Name
    datacenter: Name | None = None
    vcenter: Name | None = None
    physical_network: Name


class SubnetRule(BaseModel):
    """A subnet that is on a VLAN (None: untagged) of a physical network."""

    model_config = _FROZEN
    physical_network: Name
    vlan: int | None
    cidr: Cidr
    gateway: Address | None = None


class NetworkRule(BaseModel):
    """Name and owner of the network to be made for a VLAN (None: untagged)."""

    model_config = _FROZEN
    physical_network: Name
    vlan: int | None
    network: Name | None = None
    project: Name | None = None
    shared_with: tuple[Name, ...] | None = None
    accept: Mapping[CheckId, Text] = {}


class Match(BaseModel):
    """What a VM must be like; all that is given must hold, each regular expression for the whole text.

    Attributes:
        vcenter: instance UUID of its vCenter, or "host:port".
        folder: path of the VM's folder, for example "/dc1/vm/shop(/.*)?".
        tag: one of the VM's tags, as "category/tag".
        custom: name of a custom attribute -> its value.
        network: name of one of the port groups that the VM is on.
    """

    model_config = _FROZEN
    vcenter: Pattern | None = None
    name: Pattern | None = None
    folder: Pattern | None = None
    cluster: Pattern | None = None
    guest: Pattern | None = None
    network: Pattern | None = None
    tag: Pattern | None = None
    power: Literal["poweredOn", "poweredOff", "suspended"] | None = None
    custom: Mapping[str, Pattern] = {}


class ServerRule(BaseModel):
    """What to decide for the VMs that match. Of several rules, for each value the first that gives one wins.

    Attributes:
        rule: name of the rule: the reason that the plan gives.
        volumes: whether data disks become volumes, where they can.
        accept: id of a check -> why its finding is accepted.
    """

    model_config = _FROZEN
    rule: Name
    match: Match = Match()
    adopt: bool | None = None
    project: Name | None = None
    flavor: Name | None = None
    volumes: bool | None = None
    volume_type: Name | None = None
    accept: Mapping[CheckId, Text] = {}


class Rules(BaseModel):
    """A rules file.

    Attributes:
        addresses: CSV file beside this one, with the columns "vm" (name, path or instance UUID), "mac" (may
            be empty if the VM has one NIC) and "address"; a line for each address.
    """

    model_config = _FROZEN
    switches: tuple[SwitchRule, ...] = ()
    networks: tuple[NetworkRule, ...] = ()
    subnets: tuple[SubnetRule, ...] = ()
    servers: tuple[ServerRule, ...] = ()
    addresses: Name | None = None


_RULES: Final = TypeAdapter(Rules)
_ADDRESS: Final = TypeAdapter(Address)
#: (VM: name, path or instance UUID; MAC or "") -> addresses.
AddressBook = Mapping[tuple[str, str], tuple[str, ...]]


def load(file: Path) -> tuple[Rules, AddressBook]:
    """Read a rules file, and the addresses that it names.

    Raises:
        AdoptionError: one of them cannot be read, or has a mistake; with its line.
    """
    found = list(documents.read(file))
    if len(found) > 1:
        raise InputError(f"{file}, line {found[1].line}: one document is expected, not several")
    rules = documents.parse(found[0], _RULES) if found else Rules()
    return rules, _read_addresses(file.parent / rules.addresses) if rules.addresses else {}


def _read_addresses(file: Path) -> AddressBook:
    book: dict[tuple[str, str], tuple[str, ...]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if set(rows.fieldnames or ()) < {"vm", "mac", "address"}:
                raise InputError(f"{file}, line 1: the columns vm, mac and address are expected")
            for row in rows:
                key = (row["vm"] or "").strip(), (row["mac"] or "").strip().lower()
                try:
                    address = _ADDRESS.validate_python((row["address"] or "").strip())
                except ValidationError as exc:
                    raise InputError(
                        f"{file}, line {rows.line_num}: address: {exc.errors()[0]['msg']}"
                    ) from exc
                book[key] = (*book.get(key, ()), address)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"{file} cannot be read: {exc}") from exc
    return book


class RuleBook:
    """Rules, ready to be asked."""

    def __init__(self, rules: Rules, addresses: AddressBook) -> None:
        self.rules = rules
        self._addresses = addresses

    def require_tags(self, discovery: Discovery) -> None:
        """Refuse to take "not read" for "has none": a rule may leave VMs out by a tag.

        Raises:
            AdoptionError: a rule is about tags, and the discovery was made without.
        """
        if discovery.tags is None and any(rule.match.tag is not None for rule in self.rules.servers):
            raise InputError(
                f"rules are about tags, but those of {discovery.vcenter.address} were not read: "
                "discover again, with tags"
            )

    def physical_network(self, discovery: Discovery, segment: Segment) -> str | None:
        """The physical network of a port group's switch; None if no rule names the switch."""
        home = discovery.entities.get(segment.datacenter)
        for rule in self.rules.switches:
            if (
                rule.switch == segment.switch
                and rule.datacenter in {None, home.name if home else None}
                and rule.vcenter in {None, discovery.vcenter.uuid}
            ):
                return rule.physical_network
        return None

    @cached_property
    def _networks(self) -> Mapping[tuple[str, int | None], NetworkRule]:
        return {(rule.physical_network, rule.vlan): rule for rule in reversed(self.rules.networks)}

    def network(self, physical_network: str, vlan: int | None) -> NetworkRule:
        """What is decided about the network of a VLAN; nothing, if no rule names it."""
        empty = NetworkRule(physical_network=physical_network, vlan=vlan)
        return self._networks.get((physical_network, vlan), empty)

    def subnets(self, physical_network: str, vlan: int | None) -> Iterator[SubnetRule]:
        """The subnets on a VLAN."""
        return (
            rule
            for rule in self.rules.subnets
            if (rule.physical_network, rule.vlan) == (physical_network, vlan)
        )

    def servers(self, discovery: Discovery, vm: VirtualMachine) -> Sequence[ServerRule]:
        """The rules that match a VM, in order."""
        view = _View(discovery, vm)
        return [rule for rule in self.rules.servers if view.matches(rule.match)]

    def addresses(self, discovery: Discovery, vm: VirtualMachine, mac: str) -> tuple[str, ...] | None:
        """Addresses of a NIC by the CSV file; None if it has none."""
        if not self._addresses:
            return None
        macs = (mac, "") if len(vm.nics) == 1 else (mac,)
        keys = ((name, m) for name in (vm.instance_uuid, discovery.path(vm), vm.name) for m in macs)
        return next((self._addresses[key] for key in keys if key in self._addresses), None)


class _View:
    """A VM as rules see it; each text is made when a rule first asks for it."""

    def __init__(self, discovery: Discovery, vm: VirtualMachine) -> None:
        self._discovery, self._vm = discovery, vm

    def matches(self, match: Match) -> bool:
        return all(
            any(re.fullmatch(pattern, text) for text in getattr(self, f"_{name}"))
            for name in ("vcenter", "name", "folder", "cluster", "guest", "network", "tag", "power")
            if (pattern := getattr(match, name)) is not None
        ) and all(re.fullmatch(pattern, self._custom.get(name, "")) for name, pattern in match.custom.items())

    @property
    def _vcenter(self) -> list[str]:
        return [self._discovery.vcenter.uuid, self._discovery.vcenter.address]

    @property
    def _name(self) -> list[str]:
        return [self._vm.name]

    @cached_property
    def _folder(self) -> list[str]:
        return [self._discovery.path(self._vm).rpartition("/")[0]]

    @cached_property
    def _cluster(self) -> list[str]:
        cluster = self._discovery.cluster(self._vm)
        return [cluster.name] if cluster else []

    @property
    def _guest(self) -> list[str]:
        return [self._vm.guest_id, self._vm.guest_name]

    @cached_property
    def _network(self) -> list[str]:
        segments = (self._discovery.segment(self._vm, nic) for nic in self._vm.nics)
        return [segment.name for segment in segments if segment]

    @property
    def _tag(self) -> Sequence[str]:
        return (self._discovery.tags or {}).get(self._vm.moref, ())

    @property
    def _power(self) -> list[str]:
        return [self._vm.power_state]

    @cached_property
    def _custom(self) -> Mapping[str, str]:
        return {self._discovery.custom_fields.get(key, ""): value for key, value in self._vm.custom}
