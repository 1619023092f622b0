"""Adoption: a VM that is there becomes that of a new server, in one step; and is protected from then on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova import exception
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova import adoption as adoptions
from polyvisor.nova import errors, task_states
from polyvisor.nova.adoption import Adoption
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import adoption as vsphere
from polyvisor.vsphere import faults
from polyvisor.vsphere.adoption import Machine
from polyvisor.vsphere.adoption_rules import against_taking
from polyvisor.vsphere.backing import read_backing
from polyvisor.vsphere.inventory import find_vm
from polyvisor.vsphere.task import wait_for_task

Complete = Callable[[Instance], None]
"""Does what is left to do of a build, once its VM has the server's identity."""
_RECONFIGURE_SECONDS = 300.0


class Taking(Work):
    """The work: `ReconfigVM_Task`. It is part of a build, whose task states are Nova's.

    The plan has the `Adoption`, the UUID of the server, the further marks of the VM, and to which port group
    Neutron has bound the port of each MAC address.
    """

    noun = "adoption"
    task_state = ""

    def __init__(self, cluster: Cluster, complete: Complete, seen: Machine | None = None) -> None:
        """Take over VMs of this cluster; `complete` ends a build during which nova-compute was killed.

        :param seen: the VM, if it has just been read.
        """
        self._cluster = cluster
        self._complete = complete
        self._seen = seen

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:
        """Nothing is planned apart from a build."""
        raise NotImplementedError

    def start(self, plan: Plan) -> Any:
        """Take it as it was seen. If anything was changed since, vCenter refuses; then it is read anew."""
        wanted = Adoption(**plan.details["adoption"])
        machine, self._seen = self._seen or read(self._cluster, wanted), None
        if machine.cluster != self._cluster.moref:
            raise errors.AdoptionRefused(
                reason=f"VM {machine.name} is no longer in cluster {self._cluster.name}. Adopt it again."
            )
        for reason in _misplaced(machine, plan.details["port_groups"]):
            raise errors.AdoptionRefused(reason=reason)
        server, marks = plan.details["server"], plan.details["marks"]
        return vsphere.start_taking(self._cluster.session, machine, server, marks)

    def is_done(self, plan: Plan) -> bool:
        """Look whose the VM is."""
        record = vsphere.record_of(self._cluster.session, plan.vm)
        return record is not None and record.server == plan.details["server"]

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """End the build that was interrupted."""
        self._complete(instance)
        return plan.summary


def read(cluster: Cluster, wanted: Adoption) -> Machine:
    """Read a VM that is to be taken over.

    :raises errors.AdoptionRefused: it cannot.
    :raises errors.TicketRefused: the ticket is not good for it.
    """
    try:
        machine = vsphere.read_machine(cluster.session, wanted.vm)
    except faults.NotFound as error:
        raise errors.AdoptionRefused(reason=f"{error}. Discover it again.") from error
    if reasons := list(against_taking(machine, wanted.instance_uuid)):
        raise errors.AdoptionRefused(reason=" ".join(reasons))
    if machine.ticket is None or not machine.ticket.admits(wanted.ticket):
        raise errors.TicketRefused(
            reason=f"The ticket is not that of VM {machine.name} ({machine.moref}) and this project, has "
            "expired, or was used. Issue another one in vCenter."
        )
    return machine


def volume_marks(cluster: Cluster, machine: Machine, volumes: Mapping[str, str]) -> dict[str, str]:
    """Return the options by which Nova finds the disks of volumes.

    :param volumes: id of each, and the moref of the VM that Cinder keeps for it.
    :raises errors.AdoptionRefused: one is not a disk of this VM.
    """
    disks = {disk.file: disk for disk in machine.disks}
    marks = {}
    for volume, backing in volumes.items():
        device = read_backing(cluster.session, backing).device
        disk = disks.get(str(device.backing.fileName)) if device is not None else None
        if disk is None or disk.uuid is None:
            raise errors.AdoptionRefused(
                reason=f"Volume {volume} is not a disk of VM {machine.name}. Name those that are, or none."
            )
        marks[f"volume-{volume}"] = disk.uuid
    return marks


def _misplaced(machine: Machine, port_groups: Mapping[str, str]) -> Iterator[str]:
    """Say which ports are bound to another port group than that on which their NIC is, and stays."""
    nics = {nic.mac: nic for nic in machine.nics}
    for mac, group in port_groups.items():
        if mac not in nics:
            yield f"VM {machine.name} has no network adapter with MAC address {mac}."
        elif group and nics[mac].network != group:
            yield (
                f"The network adapter {mac} of VM {machine.name} is on port group {nics[mac].network}, and "
                f"its port is bound to {group}. Name the port group for the network (openstack vmware port "
                "group mapping create)."
            )


class Protection:
    """Decides what becomes of the VM of an adopted server when Nova would have it destroyed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def lets_destroy(self, instance: Instance) -> bool:
        """Tell whether the VM is to be destroyed: its owner has allowed it, and has deleted the server.

        If the server was never built, or is being released, its VM is made what it was instead.

        :raises nova.exception.InstancePowerOffFailure: neither; Nova must not forget the server. Nothing was
            changed.
        """
        try:
            vm = find_vm(self._cluster.session, instance.uuid)
        except faults.NotFound:
            return False
        machine = vsphere.read_machine(self._cluster.session, vm)
        record = machine.record
        if record is None or record.server != instance.uuid:
            raise exception.InstancePowerOffFailure(
                reason=f"VM {machine.name} says nothing of having been adopted as this server; it stays"
            )
        if not adoptions.was_built(instance) or instance.task_state == task_states.RELEASING:
            task = vsphere.start_giving_back(self._cluster.session, machine, record)
            wait_for_task(self._cluster.session, task, timeout=_RECONFIGURE_SECONDS)
            return False
        require_unlocked(instance)
        return True


def require_unlocked(instance: Instance) -> None:
    """Require that the owner of an adopted server has allowed its VM to be deleted, and deletes it.

    :raises nova.exception.InstancePowerOffFailure: not so.
    """
    if not (adoptions.is_unlocked(instance) and adoptions.is_deleted(instance)):
        raise exception.InstancePowerOffFailure(
            reason=f"the VM of server {instance.uuid} was adopted, and is protected. {adoptions.WAY_OUT}"
        )


class AdoptionEndpoint:
    """What nova-api can ask about adoptions. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.5")

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @answers
    def check_adoption(
        self,
        ctxt: RequestContext,  # noqa: ARG002 - RPC passes it
        adoption: dict[str, Any],
        volumes: Sequence[str],
    ) -> dict[str, Any]:
        """Say what VM would be taken over, or why it cannot be."""
        with self._cluster.asking():
            machine = read(self._cluster, Adoption(**adoption))
            volume_marks(self._cluster, machine, {one: self._backing(one) for one in volumes})
        told = ("name", "cluster", "cpus", "memory_mb")
        nics = [asdict(nic) for nic in machine.nics]
        return self._cluster.identity() | {
            "vm": {key: getattr(machine, key) for key in told} | {"nics": nics}
        }

    def _backing(self, volume: str) -> str:
        try:
            return find_vm(self._cluster.session, volume)
        except faults.NotFound as error:
            raise errors.AdoptionRefused(
                reason=f"Volume {volume} has no disk in this vCenter. Manage the VM's disk with Cinder first."
            ) from error
