"""Release: Nova forgets an adopted server, and its VM is what it was before, still running."""

from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova.compute import vm_states
from nova.context import RequestContext
from nova.objects.block_device import BlockDeviceMappingList
from nova.objects.instance import Instance
from nova.virt.vmwareapi import vm_util

from polyvisor.nova import errors, mapping, task_states
from polyvisor.nova.adoption import Adoption
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import adoption as vsphere
from polyvisor.vsphere import faults
from polyvisor.vsphere.adoption import Machine, Record
from polyvisor.vsphere.adoption_rules import against_release
from polyvisor.vsphere.inventory import find_vm


class Release(Work):
    """The work: `ReconfigVM_Task`, and then Nova's own deletion, which finds no VM any more."""

    noun = "release"
    task_state = task_states.RELEASING

    def __init__(self, cluster: Cluster, virtapi: Any) -> None:
        """Release VMs of this cluster; `virtapi` is the driver's way to Nova's compute manager."""
        self._cluster = cluster
        self._virtapi = virtapi

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:  # noqa: ARG002
        """Refuse what would not leave the VM exactly as it was found.

        :raises errors.AdoptionRefused: it would not. With `force` in the request, it may be left as it is.
        """
        with self._cluster.finding(instance.uuid):
            machine = self._read(instance)
        if machine.instance_uuid != instance.uuid and _find_record(machine, instance.uuid) is None:
            # A release that failed half way has given it back.
            summary = f"forget server {instance.uuid}, which VM {machine.name} ({machine.moref}) was"
            return Plan(machine.moref, summary, {"server": instance.uuid, "left": []}, machine.tasks)
        record = _record(machine, instance.uuid)
        ports = [port["address"] for port in instance.get_network_info()]
        size = int(instance.flavor.vcpus), int(instance.flavor.memory_mb)
        found = list(against_release(machine, record, size=size, ports=ports))
        if [each for each in found if not (request["force"] and each.forcible)]:
            reasons = " ".join(each.reason for each in found)
            raise errors.AdoptionRefused(
                reason=f"VM {machine.name} of server {instance.uuid} would not be exactly as it was found: "
                f"{reasons}"
            )
        summary = f"release VM {machine.name} ({machine.moref}), which was server {instance.uuid}"
        details = {"server": instance.uuid, "left": [each.reason for each in found]}
        return Plan(machine.moref, summary, details, machine.tasks)

    def start(self, plan: Plan) -> Any:
        """Make it what it was, unless it is."""
        machine = vsphere.read_machine(self._cluster.session, plan.vm)
        record = _find_record(machine, plan.details["server"])
        return record and vsphere.start_giving_back(self._cluster.session, machine, record)

    def is_done(self, plan: Plan) -> bool:
        """Look whether it is still the server's."""
        record = vsphere.record_of(self._cluster.session, plan.vm)
        return record is None or record.server != plan.details["server"]

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Have Nova forget the server. Its volumes and ports are left to whoever made them."""
        vm_util.vm_ref_cache_delete(instance.uuid)
        volumes = BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid)
        for volume in volumes:
            if volume.delete_on_termination:
                volume.delete_on_termination = False
                volume.save()
        manager = self._virtapi._compute  # noqa: SLF001 - Nova gives a driver no other way
        manager._delete_instance(context, instance, volumes)  # noqa: SLF001 - what it does for its own API
        return " ".join([plan.summary, *plan.details["left"]])

    def settle(
        self,
        context: RequestContext,  # noqa: ARG002
        instance: Instance,
        plan: Plan,
        error: Exception,  # noqa: ARG002
    ) -> None:
        """Show it where Nova still has the server, whose VM is given back: it needs another release."""
        if self.is_done(plan):
            instance.vm_state = vm_states.ERROR
            instance.save()

    def take_back(self, context: RequestContext, instance: Instance) -> None:
        """Have Nova count the server again, unless somebody deletes it meanwhile."""
        instance.refresh()
        if instance.task_state == self.task_state:
            mapping.count(context, instance.uuid, counted=True)

    def _read(self, instance: Instance) -> Machine:
        session = self._cluster.session
        try:
            vm = find_vm(session, instance.uuid)
        except faults.NotFound:
            vm = Adoption.read(instance.system_metadata).vm
        return vsphere.read_machine(session, vm)


def _find_record(machine: Machine, server: str) -> Record | None:
    record = machine.record
    return record if record is not None and record.server == server else None


def _record(machine: Machine, server: str) -> Record:
    record = _find_record(machine, server)
    if record is None:
        raise errors.AdoptionRefused(
            reason=f"VM {machine.name} does not say what it was before it was adopted as server {server}."
        )
    return record


class ReleaseEndpoint:
    """What nova-api can ask about releases. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.5")

    def __init__(self, work: Release, operations: Operations) -> None:
        self._work = work
        self._operations = operations

    @answers
    def plan_release(
        self, ctxt: RequestContext, instance: Instance, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Say what would be done, or why not."""
        return asdict(self._work.plan(ctxt, instance, request))

    def begin_release(self, ctxt: RequestContext, instance: Instance, request: dict[str, Any]) -> None:
        """Do it."""
        self._operations.begin(ctxt, instance, Release.noun, request)
