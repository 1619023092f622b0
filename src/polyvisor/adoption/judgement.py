"""Which servers of a plan apply may take, by what is the case now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from polyvisor.adoption import checks
from polyvisor.adoption.checks import Context, Subject
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.facts import differences
from polyvisor.adoption.message import say, together
from polyvisor.adoption.plan import Network, Plan, Server
from polyvisor.adoption.planner import ReadRooms
from polyvisor.adoption.rules import RuleBook, Rules
from polyvisor.adoption.topology import Topology
from polyvisor.adoption.verdict import open_findings
from polyvisor.message import Message

#: Checks about NICs and port groups: they need the rules. `facts` compares each NIC with its network instead,
#: and Neutron each port group.
_BY_RULES: Final = frozenset(
    {"network-unknown", "switch-unmapped", "vlan-duplicate", "vlan-private", "vlan-trunk", "vlan-untagged"}
)


@dataclass(frozen=True)
class Judgement:
    """What may be adopted, and why the rest may not.

    Attributes:
        refused: id of a VM -> why.
    """

    subjects: Sequence[Subject]
    refused: Mapping[str, Message]


def judge_anew(
    plan: Plan,
    servers: Sequence[Server],
    discoveries: Sequence[Discovery],
    cloud: Cloud,
    read_rooms: ReadRooms,
) -> Judgement:
    """Compare servers of a plan with vCenter, and check them as `plan` does, whatever the plan says."""
    networks = {network.network: network for network in plan.networks}
    refused: dict[str, Message] = {}
    subjects: list[Subject] = []
    for server, subject in _found(servers, discoveries):
        if subject is None:
            refused[server.id] = say("vm_gone")
        elif reasons := list(_reasons(subject, networks, cloud)):
            refused[server.id] = together(reasons)
        else:
            subjects.append(subject)
    projects = {project for item in subjects if (project := cloud.project_id(item.server.project or ""))}
    roomy = replace(cloud, rooms=read_rooms(sorted(projects)))
    findings = _check(plan, subjects, discoveries, roomy)
    for subject in subjects:
        if why := findings.get(subject.server.id):
            refused[subject.server.id] = why
    return Judgement([item for item in subjects if item.server.id not in refused], refused)


def _found(
    servers: Sequence[Server], discoveries: Sequence[Discovery]
) -> Iterator[tuple[Server, Subject | None]]:
    vms = {discovery.vm_id(vm): (discovery, vm) for discovery in discoveries for vm in discovery.vms}
    for server in servers:
        found = vms.get(server.id)
        yield server, Subject(*found, server) if found else None


def _reasons(subject: Subject, networks: Mapping[str, Network], cloud: Cloud) -> Iterator[Message]:
    yield from differences(subject.server, subject.discovery, subject.vm, networks)
    cluster = subject.discovery.cluster(subject.vm)
    node = f"{cluster.moref}.{subject.discovery.vcenter.uuid}" if cluster else ""
    compute = cloud.computes.get(node)
    if compute and compute.host != subject.server.compute:
        yield say("compute_is_other", found=compute.host, planned=subject.server.compute)


def _check(
    plan: Plan, subjects: Sequence[Subject], discoveries: Sequence[Discovery], cloud: Cloud
) -> dict[str, Message]:
    """Run the checks; give what stands against each VM."""
    context = Context(
        discoveries=discoveries,
        cloud=cloud,
        topology=Topology(discoveries, cloud, RuleBook(Rules(), {})),
        subjects=subjects,
        networks={network.network: network for network in plan.networks},
        flavors={flavor.flavor: flavor for flavor in plan.flavors},
    )
    found = checks.run(context)
    around = {
        discovery.vcenter.uuid: [f for f in found.get(discovery.vcenter.uuid, ()) if f.severity == "blocks"]
        for discovery in discoveries
    }
    against: dict[str, Message] = {}
    for subject in subjects:
        findings = [f for f in found.get(subject.server.id, ()) if f.check not in _BY_RULES]
        blocking = [f for f in findings if f.severity == "blocks"] + around[subject.server.vcenter]
        says = [say("check_finds", check=f.check, finding=f.message) for f in blocking]
        wanted = open_findings(findings, subject.server.decisions)
        says += [say("check_undecided", check=check) for check in wanted]
        if says:
            against[subject.server.id] = together(says)
    return against
