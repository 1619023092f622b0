"""Make a plan of what was discovered, what OpenStack has, the rules, and what people wrote into the plan
before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from polyvisor.adoption import checks
from polyvisor.adoption.cloud import Cloud, Room
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.edits import keep_network, keep_server
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.flavors import FlavorBook
from polyvisor.adoption.message import say
from polyvisor.adoption.networks import plan_networks
from polyvisor.adoption.plan import Finding, Header, Network, Plan, Server
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.propose import Proposer
from polyvisor.adoption.rules import RuleBook
from polyvisor.adoption.topology import Topology, Wire
from polyvisor.adoption.verdict import judge
from polyvisor.message import Message

#: Reads what the quotas of some projects (ids) leave.
ReadRooms = Callable[[Sequence[str]], Mapping[str, Room]]


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise in vCenter than the earlier plan says.

    Attributes:
        vm: path of the VM.
        what: for example "power: poweredOn -> poweredOff", "new" or "gone".
    """

    vm: str
    what: Message


def make_plan(
    discoveries: Sequence[Discovery],
    cloud: Cloud,
    rules: RuleBook,
    earlier: Earlier,
    read_rooms: ReadRooms = lambda _projects: {},
) -> tuple[Plan, list[Change]]:
    """Make a plan, and tell what changed in vCenter since the earlier one.

    Raises:
        AdoptionError: the earlier plan has a mistake, or is about a vCenter that was not discovered again; or
            rules are about tags that were not read.
    """
    _require_all(discoveries, earlier)
    for discovery in discoveries:
        rules.require_tags(discovery)
    named = {Wire(*key): network.network for key, network in earlier.networks.items()}
    topology = Topology(discoveries, cloud, rules, named)
    flavors = FlavorBook(cloud)
    subjects = _subjects(discoveries, Proposer(cloud, topology, rules, flavors), earlier)
    servers = [subject.server for subject in subjects]
    networks = {
        name: _kept(network, earlier)
        for name, network in plan_networks(topology, cloud, rules, servers).items()
    }
    planned_flavors = flavors.planned(servers)
    projects = {project for server in servers if (project := cloud.project_id(server.project or ""))}
    context = checks.Context(
        discoveries=discoveries,
        cloud=replace(cloud, rooms=read_rooms(sorted(projects))),
        topology=topology,
        subjects=[subject for subject in subjects if subject.server.adopt is not False],
        networks=networks,
        flavors={flavor.flavor: flavor for flavor in planned_flavors},
    )
    findings = checks.run(context)
    plan = _judged(discoveries, findings, networks, servers)
    plan = replace(plan, flavors=planned_flavors)
    return plan, list(_changes(plan.servers, earlier))


def _require_all(discoveries: Sequence[Discovery], earlier: Earlier) -> None:
    known = {discovery.vcenter.uuid for discovery in discoveries}
    for key, source in earlier.sources.items():
        vcenter, _, moref = key.partition(":")
        if moref and vcenter not in known:
            raise InputError(
                f"{source.file}, line {source.line}: the plan has VMs of vCenter {vcenter}; give its "
                "discovery too, "
                "or write another plan"
            )


def _subjects(discoveries: Sequence[Discovery], proposer: Proposer, earlier: Earlier) -> list[checks.Subject]:
    subjects = []
    for discovery in discoveries:
        for vm in discovery.vms:
            server = proposer.propose(discovery, vm)
            if edited := earlier.edited(server.id):
                server = keep_server(server, edited)
            subjects.append(checks.Subject(discovery, vm, server))
    return sorted(subjects, key=lambda subject: (subject.server.vm.path, subject.server.id))


def _kept(network: Network, earlier: Earlier) -> Network:
    edited = earlier.networks.get((network.physical_network, network.vlan))
    return keep_network(network, edited) if edited else network


def _judged(
    discoveries: Sequence[Discovery],
    findings: Mapping[str, Sequence[Finding]],
    networks: Mapping[str, Network],
    servers: Sequence[Server],
) -> Plan:
    def found(part: Any, key: str) -> Any:
        return part.model_copy(update={"findings": tuple(findings.get(key, ()))})

    header = Header(
        vcenters={item.vcenter.uuid: item.vcenter.address for item in discoveries},
        discovered={item.vcenter.uuid: item.vcenter.at for item in discoveries},
        findings=tuple(finding for item in discoveries for finding in findings.get(item.vcenter.uuid, ())),
    )
    checked = {name: found(network, name) for name, network in networks.items()}
    return Plan(
        header=header,
        networks=list(checked.values()),
        servers=[judge(found(server, server.id), checked, header) for server in servers],
    )


def _changes(servers: Sequence[Server], earlier: Earlier) -> Iterator[Change]:
    if not earlier.sources:
        return
    present = {server.id for server in servers}
    for server in servers:
        before = earlier.server(server.id)
        if before is None:
            yield Change(server.vm.path, say("vm_new"))
        elif before.vm != server.vm:
            yield from (Change(server.vm.path, what) for what in _differences(before.vm, server.vm))
    for key in earlier.sources.keys() - present:
        gone = earlier.server(key) if ":vm-" in key else None
        if gone:
            yield Change(gone.vm.path, say("vm_no_more"))


def _differences(before: Any, after: Any) -> Iterator[Message]:
    for name, old in before:
        new = getattr(after, name)
        if isinstance(old, tuple):
            yield from (say("fact_no_more", fact=name, value=item) for item in old if item not in new)
            yield from (say("fact_new", fact=name, value=item) for item in new if item not in old)
        elif old != new:
            yield say("fact_changed", fact=name, before=old, now=new)
