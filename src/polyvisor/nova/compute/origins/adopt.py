# ruff: noqa: SLF001 - Nova's manager does these steps at the end of its own builds, under such names
"""Origin adopt: the server becomes a VM that is there. Its identity is changed, and nothing else."""

from contextlib import nullcontext
from dataclasses import asdict
from typing import Any

from nova import exception
from nova.compute import power_state, vm_states
from nova.objects.instance import Instance
from nova.virt import driver as virt_driver
from nova.virt.vmwareapi import vm_util
from oslo_vmware import vim_util as vutil

from polyvisor.nova import errors
from polyvisor.nova.adoption import Adoption
from polyvisor.nova.compute import adoption, console, keeping, left_off, nic
from polyvisor.nova.compute.adoption import Taking
from polyvisor.nova.compute.build_end import wait_for_nova
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.origins import Build
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.nova.compute.work import Plan
from polyvisor.vsphere.adoption import Machine
from polyvisor.vsphere.faults import VSphereError

_EVENT = "polyvisor_adoption"
_REFUSALS = (
    VSphereError,
    errors.AdoptionRefused,
    errors.OperationLost,
    errors.TicketRefused,
    errors.VCenterRefused,
    errors.VCenterUnavailable,
)


def spawn(ops: VMwareVMOps, cluster: Cluster, build: Build) -> None:
    """Take the VM over.

    :raises nova.exception.BuildAbortException: it cannot be taken; trying elsewhere would not help.
    """
    wanted = Adoption.read(build.instance.system_metadata)
    try:
        with console.reserved() if wanted.console else nullcontext():
            plan, machine = _plan(ops, cluster, build, wanted)
            work = Taking(cluster, lambda _instance: None, machine)
            build.operations.pursue(build.context, build.instance, plan, None, work)
    except _REFUSALS as error:
        raise exception.BuildAbortException(instance_uuid=build.instance.uuid, reason=str(error)) from error
    finally:
        build.operations.forget(build.instance)
    vm_util.vm_ref_cache_update(build.instance.uuid, vutil.get_moref(plan.vm, "VirtualMachine"))
    keeping.record(build.context, build.instance, _EVENT, plan.summary)
    if machine.power_state == "poweredOff":
        left_off.write_down(build.instance.uuid)


def _plan(ops: VMwareVMOps, cluster: Cluster, build: Build, wanted: Adoption) -> tuple[Plan, Machine]:
    # First what is waited for: Nova may be asking Neutron still.
    marks = nic.marks(build.network_info)
    with cluster.asking():
        machine = adoption.read(cluster, wanted)
        marks |= adoption.volume_marks(cluster, machine, _volumes(build))
    if wanted.console:
        marks |= console.marks(ops._session, cluster, machine)
    details = {
        "adoption": asdict(wanted),
        "server": build.instance.uuid,
        "marks": marks,
        "port_groups": {port["address"]: nic.port_group_of(port) for port in build.network_info or ()},
    }
    summary = f"adopt VM {machine.name} ({machine.moref}) as {build.instance.uuid}"
    return Plan(vm=machine.moref, summary=summary, details=details, before=machine.tasks), machine


def _volumes(build: Build) -> dict[str, str]:
    mapping = virt_driver.block_device_info_get_mapping(build.block_device_info)
    found = [each["connection_info"]["data"] for each in mapping]
    return {data["volume_id"]: data["volume"] for data in found}


def complete(manager: Any, instance: Instance) -> None:
    """End a build during which nova-compute was killed, after the VM was taken over.

    :param manager: Nova's compute manager.
    """
    wait_for_nova(instance)
    manager._update_instance_after_spawn(instance)
    if instance.power_state == power_state.SHUTDOWN:
        instance.vm_state = vm_states.STOPPED
    instance.save(expected_task_state=[None], expected_vm_state=[vm_states.ERROR])
