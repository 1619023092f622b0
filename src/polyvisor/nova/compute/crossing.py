"""The work of Nova's live migration between two clusters: a relocation, which Nova follows or takes back.

Nova's own callbacks are not used for that: they give up where another service is away, and call a server
broken that runs.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from nova import exception
from nova.compute import task_states as nova_task_states
from nova.context import RequestContext
from nova.objects.base import NovaObject
from nova.objects.block_device import BlockDeviceMappingList
from nova.objects.instance import Instance
from nova.objects.migrate_data import VMwareLiveMigrateData
from nova.objects.migration import Migration

from polyvisor.nova.compute import interrupted_migration
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.relocation import LIVE_MIGRATION, Relocation, plan_of
from polyvisor.nova.compute.target import Target
from polyvisor.nova.compute.volume import VMwareVolumeOps
from polyvisor.nova.compute.work import Plan, Unfinished
from polyvisor.vsphere.faults import Cancelled, VSphereError
from polyvisor.vsphere.relocation import Move

#: Of a migration, when nothing is left to be taken back.
_OVER = frozenset({"completed", "cancelled", "failed"})


class Crossing(Relocation):
    """The work. What is asked for are the details of `prepare`."""

    noun = LIVE_MIGRATION
    nova_task_state = nova_task_states.MIGRATING

    def __init__(self, cluster: Cluster, volumeops: VMwareVolumeOps, virtapi: Any, target: Target) -> None:
        """Move VMs of this cluster; `virtapi` is the driver's way to Nova's compute manager."""
        super().__init__(cluster, volumeops)
        self._virtapi = virtapi
        self._target = target

    def prepare(
        self, dest: str, data: VMwareLiveMigrateData, volumes: BlockDeviceMappingList | None = None
    ) -> Plan:
        """Plan nothing of vCenter, and hold what is needed to take back what Nova has prepared.

        :param dest: the compute service that it goes to.
        :param data: what the destination and Neutron have said of themselves, with the migration.
        :param volumes: the server's block devices as they were before the destination prepared itself; None
            where they have to be found out.
        """
        request = {
            "dest": dest,
            "data": data.obj_to_primitive(),
            "volumes": volumes.obj_to_primitive() if volumes is not None else None,
        }
        return Plan(vm="", summary=f"to compute service {dest}", details=request, before=())

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:
        """Decide where the VM goes, and what its NICs are connected to there."""
        move = self._target.move(context, instance, self._data(context, request))
        plan = plan_of(move)
        summary = f"to compute service {request['dest']}: {plan.summary}"
        return replace(plan, summary=summary, details={"move": asdict(move), **request})

    def move_of(self, plan: Plan) -> Move:
        """Read the move of a plan."""
        return Move(**plan.details["move"])

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Have Nova follow the VM."""
        data, dest = self._data(context, plan.details), plan.details["dest"]
        with _insisting():
            self.follow(context, instance, self.move_of(plan))
            instance.refresh()
            if instance.host == dest:
                self._complete(context, instance, data.migration)
            else:
                _claim(instance)
                self._manager._post_live_migration(  # noqa: SLF001 - what it does for a driver
                    context,
                    instance,
                    dest,
                    migrate_data=data,
                    source_bdms=self._volumes(context, instance, plan),
                )
        return plan.summary

    def settle(self, context: RequestContext, instance: Instance, plan: Plan, error: Exception) -> None:
        """Have Nova take back what it has prepared; the server goes on where it is."""
        data = self._data(context, plan.details)
        status = "cancelled" if isinstance(error, Cancelled) else "failed"
        with _insisting():
            if Migration.get_by_id(context, data.migration.id).status in _OVER:
                return
            _claim(instance)
            self._manager._rollback_live_migration(  # noqa: SLF001 - as above
                context,
                instance,
                plan.details["dest"],
                migrate_data=data,
                migration_status=status,
                source_bdms=self._volumes(context, instance, plan),
                # There is one VM, of which nothing was connected at the destination.
                pre_live_migration=True,
            )

    def abandoned(self, host: str, *, starting: bool) -> Iterable[tuple[RequestContext, Instance, Plan]]:
        """Find migrations that Nova has begun and nobody carries on."""
        for context, instance, migration in interrupted_migration.find(host, starting=starting):
            data = VMwareLiveMigrateData(migration=migration)
            yield context, instance, self.prepare(migration.dest_compute, data)

    @property
    def _manager(self) -> Any:
        return self._virtapi._compute  # noqa: SLF001 - Nova gives a driver no other way

    def _complete(self, context: RequestContext, instance: Instance, migration: Migration) -> None:
        """Do what is left when the destination has taken the server over."""
        migration.status = "completed"
        migration.save()
        self._manager._delete_allocation_after_move(context, instance, migration)  # noqa: SLF001 - as above

    @staticmethod
    def _data(context: RequestContext, request: dict[str, Any]) -> Any:
        return NovaObject.obj_from_primitive(request["data"], context)

    @staticmethod
    def _volumes(context: RequestContext, instance: Instance, plan: Plan) -> Any:
        known = plan.details["volumes"]
        if known is None:
            return interrupted_migration.volumes_before(context, instance)
        return NovaObject.obj_from_primitive(known, context)


def _claim(instance: Instance) -> None:
    """Have the server in the task state that Nova expects, also after a restart of nova-compute."""
    instance.refresh()
    instance.task_state = nova_task_states.MIGRATING
    instance.save(expected_task_state=[None, Crossing.task_state, nova_task_states.MIGRATING])


@contextmanager
def _insisting() -> Iterator[None]:
    """Have it tried again later, whatever service is away: half a migration is no end."""
    try:
        yield
    except (exception.InstanceNotFound, VSphereError):
        raise
    except Exception as error:
        raise Unfinished(str(error)) from error
