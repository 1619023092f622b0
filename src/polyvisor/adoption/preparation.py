"""What servers stand on, made before them: networks, subnets, port groups, flavors."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from polyvisor.adoption import roles
from polyvisor.adoption.checks import Subject
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.facts import differences
from polyvisor.adoption.job import Job
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Flavor, Network, Plan
from polyvisor.adoption.resources import flavor as flavors
from polyvisor.adoption.resources import network as networks
from polyvisor.adoption.resources import port_group, subnet, volume
from polyvisor.adoption.work import Work
from polyvisor.message import Message
from polyvisor.vsphere.virtual_machine import VirtualMachine


@dataclass
class Prepared:
    """What may go on.

    Attributes:
        failed: id of a VM -> why what it stands on could not be made.
    """

    jobs: list[Job] = field(default_factory=list)
    failed: dict[str, Message] = field(default_factory=dict)


class Preparation:
    """Prepares the servers of one plan."""

    def __init__(self, work: Work, plan: Plan, cloud: Cloud) -> None:
        self._work, self._plan, self._cloud = work, plan, cloud
        self._networks: dict[str, str | AdoptionError] = {}
        self._flavors: dict[str, str | AdoptionError] = {}
        self._pools: Mapping[str, str | None] = {}

    def check(self, subjects: Sequence[Subject]) -> None:
        """See that the user may do what is to be done; nothing is changed.

        Raises:
            AdoptionError: a right, or a part of OpenStack, is missing.
        """
        taking = [item for item in subjects if any(disk.take for disk in item.server.volumes)]
        if taking:
            if not self._work.clouds.admin.has_service("block-storage"):
                raise AdoptionError(say("no_cinder"))
            roles.require(self._work.clouds, {self._project(item) for item in taking}, self._cloud.projects)
            self._pools = volume.pools(self._work)
        if any(item.server.made_ports for item in subjects) and not self._work.clouds.has(
            "vmware-port-group"
        ):
            raise AdoptionError(say("no_port_group_mappings"))
        for uuid in {item.server.vcenter for item in subjects}:
            self._work.session(f"{uuid}:")

    def prepare(self, subjects: Sequence[Subject]) -> Prepared:
        """Make everything that these servers share; each stands or falls with what it needs itself."""
        self._make_networks(subjects)
        self._make_flavors(subjects)
        prepared = Prepared()
        for subject in subjects:
            try:
                prepared.jobs.append(self._job(subject))
            except AdoptionError as exc:
                prepared.failed[subject.server.id] = exc.message
        return prepared

    def _project(self, subject: Subject) -> str:
        return self._project_id(str(subject.server.project))

    def _project_id(self, name: str) -> str:
        found = self._cloud.project_id(name)
        if found is None:
            raise AdoptionError(say("project_unclear", project=name))
        return found

    def _job(self, subject: Subject) -> Job:
        server = subject.server
        names = {str(port.network) for port in server.made_ports}
        taken = any(disk.take for disk in server.volumes)
        return Job(
            server=server,
            compare=partial(self._differences, subject),
            project=self._project(subject),
            flavor=_made(self._flavors[str(server.flavor)]),
            networks={name: _made(self._networks[name]) for name in names},
            pool=self._pool(server.vcenter) if taken else None,
        )

    def _differences(self, subject: Subject, vm: VirtualMachine) -> Sequence[Message]:
        networks = {network.network: network for network in self._plan.networks}
        return list(differences(subject.server, subject.discovery, vm, networks))

    def _pool(self, vcenter: str) -> str:
        known = [pool for pool, uuid in self._pools.items() if uuid == vcenter]
        silent = [pool for pool, uuid in self._pools.items() if uuid is None]
        if len(known) == 1 or (not known and len(self._pools) == 1 and silent):
            return (known or silent)[0]
        raise AdoptionError(say("backends_unclear", count=len(known), vcenter=vcenter))

    # --- networks ---

    def _make_networks(self, subjects: Sequence[Subject]) -> None:
        groups = _groups(subjects)
        for network in self._plan.networks:
            if network.network in groups:
                try:
                    self._networks[network.network] = self._network(network, groups[network.network])
                except AdoptionError as exc:
                    self._networks[network.network] = exc

    def _network(self, network: Network, groups: Mapping[str, Counter[str]]) -> str:
        project = self._project_id(str(network.project))
        there = networks.make(self._work, network, project)
        sharing = {"*"} if "*" in network.shared_with else set(map(self._project_id, network.shared_with))
        for other in sorted(sharing):
            networks.share(self._work, network, there, other)
        for compute, names in sorted(groups.items()):
            [(group, _)] = names.most_common(1)
            port_group.make(self._work, network, there, compute, group)
        for item in network.subnets:
            subnet.make(self._work, network, there, item, project)
        return str(there.id)

    # --- flavors ---

    def _make_flavors(self, subjects: Sequence[Subject]) -> None:
        users: dict[str, set[str]] = defaultdict(set)
        for subject in subjects:
            users[str(subject.server.flavor)].add(self._project(subject))
        planned = {flavor.flavor: flavor for flavor in self._plan.flavors}
        existing = flavors.read(self._work) if users else ()
        for name, projects in sorted(users.items()):
            try:
                self._flavors[name] = self._flavor(planned.get(name), name, sorted(projects), existing)
            except AdoptionError as exc:
                self._flavors[name] = exc

    def _flavor(
        self, flavor: Flavor | None, name: str, projects: list[str], existing: Sequence[flavors.Existing]
    ) -> str:
        if flavor is None:
            raise AdoptionError(say("flavor_unplanned", flavor=name))
        return str(flavors.make(self._work, flavor, projects, existing).id)


def _made(outcome: str | AdoptionError) -> str:
    if isinstance(outcome, AdoptionError):
        raise outcome
    return outcome


def _groups(subjects: Sequence[Subject]) -> dict[str, dict[str, Counter[str]]]:
    """Network -> compute service -> how many NICs are on which port group."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for subject in subjects:
        for name, group in _nics(subject):
            found[name][str(subject.server.compute)][group] += 1
    return found


def _nics(subject: Subject) -> Iterator[tuple[str, str]]:
    nics = {nic.key: nic for nic in subject.vm.nics}
    for port in subject.server.made_ports:
        if segment := subject.discovery.segment(subject.vm, nics[port.nic]):
            yield str(port.network), segment.name
