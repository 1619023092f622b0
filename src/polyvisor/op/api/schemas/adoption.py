"""Adoptions: rules, plans, VMs with what was found about them, decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from polyvisor.adoption.journal import VmState
from polyvisor.adoption.plan import (
    Address,
    CheckId,
    Cidr,
    Flavor,
    Mac,
    Port,
    Severity,
    State,
    Subnet,
    VmFacts,
    Volume,
)
from polyvisor.adoption.plan import Name as PlanName
from polyvisor.adoption.rules import Rules
from polyvisor.adoption.text import Text
from polyvisor.op.adoption.apply import VmId
from polyvisor.op.api.schemas.base import Id, In, MessageOut, Name, Out

NetworkKey = Annotated[
    str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f]+/([0-9]{1,4}|None)$", examples=["physnet1/30"])
]


class AdoptionIn(In):
    """An adoption to begin."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "shop",
                    "cloud_id": "4f0e53e4c9a14c4f8f6b0a3d1c7e2b90",
                    "vcenters": ["9a1c53e4c9a14c4f8f6b0a3d1c7e2b11"],
                }
            ]
        }
    )

    name: Name
    cloud_id: Id
    vcenters: list[Id] = Field(min_length=1, max_length=20, description="That are attached to the cloud.")


class AdoptionOut(Out):
    """VMs of some vCenters on their way under a cloud."""

    id: Id
    name: str
    cloud_id: Id
    vcenters: list[Id]
    discovered_at: datetime | None = Field(description="When the vCenters were last read.")
    planned_at: datetime | None = Field(description="When it was last checked and planned.")
    stale: bool = Field(
        description="Rules or decisions have changed since it was planned: plan again to have them checked."
    )
    verified_at: datetime | None
    created_at: datetime
    updated_at: datetime


class FindingsOut(Out):
    """How often a check found something."""

    check: str = Field(examples=["snapshots"])
    severity: Severity
    count: int


class WaitOut(Out):
    """Something that VMs wait for."""

    message: MessageOut
    count: int = Field(description="How many do.")


class AdoptionDetailOut(AdoptionOut):
    """An adoption in numbers."""

    states: dict[State, int] = Field(
        description="How many VMs the plan has of each state.", examples=[{"ready": 40, "undecided": 2}]
    )
    progress: dict[VmState, int] = Field(
        description="How far VMs are that were begun with.", examples=[{"adopted": 12, "failed": 1}]
    )
    findings: list[FindingsOut]
    undecided: dict[str, int] = Field(
        description="What VMs wait for, and how many do.", examples=[{"no project": 2}]
    )
    waits: list[WaitOut] = Field(description="The same by codes.")
    flavors: list[Flavor] = Field(description="That are there (`id`), or are to be made.")
    changes: int = Field(description="How much has changed in vCenter between the last two plans.")


class CheckDescriptionOut(Out):
    """A check."""

    id: str = Field(examples=["snapshots"])
    severity: Severity = Field(
        description="`blocks`: the VM is left alone until the cause is gone; `decision`: until somebody "
        "accepts it with a reason; `note`: for reading."
    )
    title: str
    way_out: str


class ChecksOut(Out):
    """All checks."""

    items: list[CheckDescriptionOut]


def _strictly(value: Any) -> Any:
    """In JSON's terms, as a rules file is read: else its strict models take no list for a tuple."""
    return value if isinstance(value, Rules) else Rules.model_validate_json(json.dumps(value))


class AddressIn(In):
    """An address of a VM that VMware Tools do not tell."""

    vm: Annotated[str, Field(min_length=1, max_length=500, description="Name, path or instance UUID.")]
    mac: Mac = Field("", description="May be empty if the VM has one NIC.")
    address: Address


class RulesIn(In):
    """By what plans are filled: as a rules file has it, and the addresses that its CSV file would have."""

    rules: Annotated[Rules, BeforeValidator(_strictly)] = Field(
        examples=[
            {
                "switches": [{"switch": "dvs1", "physical_network": "physnet1"}],
                "subnets": [{"physical_network": "physnet1", "vlan": 30, "cidr": "10.0.0.0/24"}],
                "servers": [
                    {
                        "rule": "the shop",
                        "match": {"folder": "/dc1/vm/shop(/.*)?"},
                        "adopt": True,
                        "project": "shop",
                    }
                ],
            }
        ]
    )
    addresses: list[AddressIn] = Field([], max_length=100_000)


class RulesOut(Out):
    """The rules of an adoption."""

    rules: Rules
    addresses: list[AddressIn]


class FindingOut(Out):
    """What a check found about a VM or a network."""

    check: str = Field(examples=["snapshots"])
    severity: Severity
    says: str
    message: MessageOut = Field(description="What it says by its code.")
    item: str | None = Field(description="What of the VM it is about.", examples=["nic 4000"])
    title: str
    way_out: str
    accepted: str | None = Field(description="Why somebody has accepted it.")


class ProgressOut(Out):
    """How far a VM is, that was begun with."""

    state: VmState
    reason: str = Field(description="Why it failed or was left alone.")
    message: MessageOut | None = Field(description="The reason by its code.")
    server: str | None = Field(description="The cloud's id of the server that it has become.")
    resource_id: Id | None = Field(description="The inventory's id of that server.")
    seconds: float | None = Field(description="How long it took.")
    changed: list[str] = Field(description="Settings that are otherwise than before, beside the identity.")
    left: str | None = Field(description="What could not be undone yet.")
    left_message: MessageOut | None = Field(description="The same by its code.")
    at: datetime


class DifferenceOut(Out):
    """Something that is not as the cloud says, or not as it was."""

    field: str = Field(examples=["power"])
    says: str
    message: MessageOut | None = Field(None, description="The same by its code.")
    drift: bool = Field(description="Cloud and vCenter contradict each other.")


class VmOut(Out):
    """A VM, what was found about it, and the server that it becomes."""

    id: VmId
    path: str = Field(description="In vCenter's inventory.", examples=["/dc1/vm/shop/app-001"])
    folder: str
    server: str = Field(description="Name of the server.")
    state: State
    undecided: list[str] = Field(description="What it waits for.")
    waits: list[MessageOut] = Field(description="The same by codes.")
    adopt: bool | None
    project: str | None = Field(description="Name or id of the cloud's project.")
    flavor: str | None
    compute: str | None = Field(description="The compute service that manages its cluster.")
    ports: list[Port]
    volumes: list[Volume]
    decisions: dict[str, str] = Field(description="Accepted findings: id of a check, and why.")
    because: str = Field(description="The rules that filled it.")
    facts: VmFacts
    findings: list[FindingOut]
    progress: ProgressOut | None
    differences: list[DifferenceOut] | None = Field(description="By the last `verify`; null: none.")


class VmPage(Out):
    """A part of a list of VMs."""

    items: list[VmOut]
    next: str | None = Field(description="Give it as `cursor` for the part after this one.")
    total: int = Field(description="In all parts together.")


class VmsOut(Out):
    """VMs as they are now."""

    items: list[VmOut]


class FolderOut(Out):
    """A folder of vCenter."""

    path: str = Field(examples=["/dc1/vm/shop"])
    vms: int = Field(description="Directly in it.")


class FoldersOut(Out):
    """All folders with VMs in them, by path."""

    items: list[FolderOut]


class PortIn(In):
    """What is decided about a NIC; what is not given stays."""

    nic: int = Field(description="Key of the device.", examples=[4000])
    network: PlanName | None = Field(None, description="Name of a network of the plan.")
    addresses: list[Address] | None = Field(
        None, max_length=50, description="Empty: a port without; null: not known.", examples=[["10.0.0.7"]]
    )
    leave: bool = Field(False, description="The NIC stays with vCenter alone, and gets no port.")


class VolumeIn(In):
    """What is decided about a data disk; what is not given stays."""

    disk: int = Field(description="Key of the device.", examples=[2001])
    take: bool = Field(True, description="It becomes a volume; else it stays part of the server.")
    volume: PlanName | None = Field(None, description="Name of the volume.")
    type: PlanName | None = None


class DecisionIn(In):
    """What is decided about VMs, all alike; what is not given stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "vms": ["52fdfc07-2182-454f-963f-5f0f9a621d72:vm-42"],
                    "adopt": True,
                    "project": "shop",
                    "decisions": {"snapshots": "they are the backup's"},
                }
            ]
        }
    )

    vms: list[VmId] = Field(min_length=1, max_length=500)
    adopt: bool | None = Field(None, description="null: undecided.")
    project: PlanName | None = Field(None, description="Name or id of the cloud's project.")
    tenant_id: Id | None = Field(None, description="Or the tenant whose project there it is.")
    flavor: PlanName | None = None
    server: PlanName | None = Field(None, description="Name of the server; of one VM only.")
    ports: list[PortIn] = Field([], max_length=100, description="Of one VM only.")
    volumes: list[VolumeIn] = Field([], max_length=300, description="Of one VM only.")
    decisions: dict[CheckId, Text | None] = Field(
        {}, description="Id of a check, and why its finding is accepted; null takes that back."
    )


class SubnetIn(In):
    """A subnet to be made."""

    cidr: Cidr = Field(examples=["10.0.0.0/24"])
    gateway: Address | None = None


class NetworkDecisionIn(In):
    """What is decided about a network of the plan; what is not given stays."""

    key: NetworkKey
    project: PlanName | None = Field(None, description="Name or id of the owner.")
    shared_with: list[PlanName] = Field(
        [], max_length=1000, description='Projects whose servers are on it too, or ["*"].'
    )
    subnets: list[SubnetIn] = Field([], max_length=100)
    decisions: dict[CheckId, Text | None] = Field(
        {}, description="Id of a check, and why its finding is accepted; null takes that back."
    )


class NetworkOut(Out):
    """A network of the plan."""

    key: str = Field(examples=["physnet1/30"])
    network: str = Field(description="Name; how VMs of the plan refer to it.")
    id: str | None = Field(description="The cloud's id; null: it is to be made.")
    physical_network: str
    vlan: int | None
    project: str | None
    shared_with: list[str]
    subnets: list[Subnet]
    decisions: Mapping[str, str]
    port_groups: list[str] = Field(description="In vCenter.", examples=[["dvs1/vlan30"]])
    findings: list[FindingOut]


class NetworksOut(Out):
    """All networks of the plan."""

    items: list[NetworkOut]


class ChangeOut(Out):
    """Something that has changed in vCenter."""

    vm: str = Field(description="Path of the VM.", examples=["/dc1/vm/shop/app-001"])
    what: str = Field(examples=["power: poweredOn -> poweredOff"])
    message: MessageOut | None = Field(None, description="The same by its code.")


class ChangesOut(Out):
    """What has changed between the last two plans."""

    items: list[ChangeOut]
