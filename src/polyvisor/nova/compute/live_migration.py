"""Nova's live migration between two clusters of one vCenter: the VM moves, and its NICs are connected anew.

Nova does everything else: allocations, port bindings, volumes' attachments, `instance.host`, and takes it all
back if the move fails. The destination that an operator named is in the system metadata of the server.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import nova.conf
from nova import exception
from nova.compute import task_states as nova_task_states
from nova.context import RequestContext
from nova.objects.base import NovaObject
from nova.objects.block_device import BlockDeviceMappingList
from nova.objects.instance import Instance
from nova.objects.migrate_data import VMwareLiveMigrateData
from nova.virt.vmwareapi import constants
from oslo_log import log as logging
from oslo_vmware import vim_util as vutil

from polyvisor.nova import destination, errors
from polyvisor.nova.compute.action import Action
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.relocation import LIVE_MIGRATION, Relocation, plan_of
from polyvisor.nova.compute.vif import get_vif_dict
from polyvisor.nova.compute.volume import VMwareVolumeOps
from polyvisor.nova.compute.work import Plan
from polyvisor.vsphere.faults import Cancelled, VSphereError
from polyvisor.vsphere.relocation import Move, PortGroup
from polyvisor.vsphere.relocation_rules import decide

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

EVERY_DATASTORE = ".*"


@dataclass(frozen=True, slots=True)
class Journey:
    """One live migration, as Nova hands it to the driver.

    :ivar dest: the compute service that it goes to.
    :ivar data: what the destination and Neutron have said of themselves.
    :ivar volumes: the server's block devices as they were before the destination prepared itself.
    :ivar done: has Nova complete it.
    :ivar failed: takes the status of the migration, ``cancelled`` or ``failed``, and has Nova take back what
        it has prepared; the server goes on where it is.
    """

    dest: str
    data: VMwareLiveMigrateData
    volumes: BlockDeviceMappingList
    done: Callable[[], None]
    failed: Callable[[str], None]


class Crossing(Relocation):
    """The work: a relocation to another cluster, which Nova completes or takes back.

    The two last methods are for the next nova-compute, if this one is killed: with what the record says they
    call what Nova would have called.
    """

    noun = LIVE_MIGRATION
    nova_task_state = nova_task_states.MIGRATING

    def __init__(self, cluster: Cluster, volumeops: VMwareVolumeOps, virtapi: Any) -> None:
        """Move VMs of this cluster; `virtapi` is the driver's way to Nova's compute manager."""
        super().__init__(cluster, volumeops)
        self._virtapi = virtapi

    def plan_crossing(self, move: Move, journey: Journey) -> Plan:
        """Make the plan of a move, with all that is needed to complete the migration, or to take it back."""
        plan = plan_of(move)
        journal = {
            "dest": journey.dest,
            "data": journey.data.obj_to_primitive(),
            "volumes": journey.volumes.obj_to_primitive(),
        }
        return replace(plan, details={"move": plan.details, **journal})

    def move_of(self, plan: Plan) -> Move:
        """Read the move of a plan."""
        return Move(**plan.details["move"])

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """Complete it."""
        dest, data, volumes = self._unpack(context, plan)
        self.follow(context, instance, self.move_of(plan))
        if instance.host != dest:
            self._claim(instance)
            self._manager._post_live_migration_update_host(  # noqa: SLF001 - Nova hands it over, to a living driver
                context, instance, dest, migrate_data=data, source_bdms=volumes
            )
        return f"to compute service {dest}: {plan.summary}"

    def settle(self, context: RequestContext, instance: Instance, plan: Plan) -> None:
        """Take it back."""
        dest, data, volumes = self._unpack(context, plan)
        self._claim(instance)
        self._manager._rollback_live_migration(  # noqa: SLF001 - as above
            context, instance, dest, migrate_data=data, source_bdms=volumes
        )

    @property
    def _manager(self) -> Any:
        return self._virtapi._compute  # noqa: SLF001 - Nova gives a driver no other way

    def _claim(self, instance: Instance) -> None:
        instance.task_state = nova_task_states.MIGRATING
        instance.save(expected_task_state=[self.task_state, nova_task_states.MIGRATING])

    @staticmethod
    def _unpack(context: RequestContext, plan: Plan) -> tuple[str, Any, Any]:
        data, volumes = (
            NovaObject.obj_from_primitive(plan.details[name], context) for name in ("data", "volumes")
        )
        return plan.details["dest"], data, volumes


class LiveMigration:
    """The driver's part of live migration, at the source and at the destination."""

    def __init__(self, cluster: Cluster, operations: Operations, work: Crossing, session: Any) -> None:
        """Migrate from and to this cluster; `session` is that of Nova's driver."""
        self._cluster = cluster
        self._work = work
        self._operations = operations
        self._session = session

    def describe_destination(self) -> VMwareLiveMigrateData:
        """Say, at the destination, what the source has to know of it.

        In Nova's own fields, as nova-conductor knows no others: the cluster as the name of its compute node,
        which says of which vCenter it is.
        """
        pattern = self._cluster.datastore_regex
        return VMwareLiveMigrateData(
            cluster_name=self._cluster.node,
            datastore_regex=pattern.pattern if pattern else EVERY_DATASTORE,
        )

    def check(self, context: RequestContext, instance: Instance, data: VMwareLiveMigrateData) -> None:
        """Check at the source.

        :raises nova.exception.MigrationPreCheckError: the VM cannot be moved there.
        """
        try:
            self._decide(context, instance, data)
        except (VSphereError, exception.NovaException) as error:
            raise exception.MigrationPreCheckError(reason=str(error)) from error

    def run(self, context: RequestContext, instance: Instance, journey: Journey) -> None:
        """Move the VM, and call back one of the two when its end is known.

        Nothing is raised: Nova would put a server into error that goes on where it is.
        """
        action = Action(context, instance, self._work.noun, instance.task_state)
        failure = self._move(context, instance, journey, action)
        try:
            if failure is None:
                journey.done()
            else:
                journey.failed("cancelled" if isinstance(failure, Cancelled) else "failed")
        finally:
            self._operations.forget(instance)

    def _move(
        self, context: RequestContext, instance: Instance, journey: Journey, action: Action
    ) -> Exception | None:
        try:
            move = self._decide(context, instance, journey.data)
            move = replace(move, nics=self._connections(instance, journey.data))
            plan = self._work.plan_crossing(move, journey)
            self._operations.pursue(context, instance, plan, action, self._work)
        except Exception as error:  # noqa: BLE001 - whatever it is, Nova must take back what it has prepared
            action.report(f"to compute service {journey.dest}: {error}", error)
            return error
        try:
            self._work.follow(context, instance, move)
        except VSphereError as error:
            # The server has moved, and goes on; Nova does it when it detaches.
            LOG.warning("The backings of moved volumes did not follow: %s", error, instance=instance)
        action.report(f"to compute service {journey.dest}: {plan.summary}")
        return None

    def _decide(self, context: RequestContext, instance: Instance, data: Any) -> Move:
        target = self._target(data)
        machine = target.machine(instance.uuid)
        request = destination.read(instance.system_metadata, context.request_id)
        return decide(machine, request, target.ground(machine, here=False))

    def _target(self, data: Any) -> Cluster:
        moref, _, vcenter = data.cluster_name.partition(".")
        if vcenter != self._cluster.vcenter_uuid:
            raise errors.OperationRefused(
                reason="live migration is possible only between clusters of one vCenter, whose compute "
                f"services both run Polyvisor's driver; the destination is {data.cluster_name}"
            )
        return Cluster(
            session=self._cluster.session,
            moref=moref,
            name=moref,
            vcenter_uuid=vcenter,
            datastore_regex=re.compile(data.datastore_regex),
        )

    def _connections(self, instance: Instance, data: Any) -> dict[str, dict[str, str | None]]:
        """Give what each NIC is to be connected to: what Neutron has bound its port to at the destination."""
        cluster, _, _ = data.cluster_name.partition(".")
        cluster_ref = vutil.get_moref(cluster, "ClusterComputeResource")
        vifs = [vif.get_dest_vif() for vif in data.vifs] if "vifs" in data else instance.get_network_info()
        return {vif["address"]: asdict(self._port_group(cluster_ref, vif)) for vif in vifs}

    def _port_group(self, cluster_ref: Any, vif: Any) -> PortGroup:
        # The same reading of what a port is bound to as for a new server; any model will do.
        nic = get_vif_dict(self._session, cluster_ref, constants.DEFAULT_VIF_MODEL, vif)
        found = nic["network_ref"]
        if found["type"] == "DistributedVirtualPortgroup":
            return PortGroup(key=found["dvpg"], switch=found["dvsw"])
        return PortGroup(key=found["name"])
