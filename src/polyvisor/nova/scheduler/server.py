"""The server that is being scheduled, as far as Nova has it yet."""

from dataclasses import dataclass, field
from typing import Self

from nova import context as nova_context
from nova import exception, objects
from nova.compute import task_states

from polyvisor.nova import rpc
from polyvisor.nova.origin import Bounds

_STAYS = frozenset({task_states.RESIZE_PREP})


@dataclass(frozen=True, slots=True)
class Server:
    """What the scheduler's request does not carry: metadata, and for a move, where the server is.

    :ivar bounds: of the origin of a new server; one that was built moves freely.
    :ivar host: the compute service that has the server now; None for a new or an offloaded one.
    :ivar cell: UUID of its cell mapping; None for a new one.
    """

    metadata: dict[str, str]
    is_new: bool
    bounds: Bounds = field(default_factory=Bounds)
    host: str | None = None
    cell: str | None = None
    task_state: str | None = None
    in_vcenter: bool = False

    @classmethod
    def of(cls, spec_obj: objects.RequestSpec) -> Self | None:
        """Find the server of a request; None if it was deleted meanwhile."""
        admin = nova_context.get_admin_context()
        try:
            request = objects.BuildRequest.get_by_instance_uuid(admin, spec_obj.instance_uuid)
            bounds = Bounds.read(request.instance.system_metadata)
            return cls(metadata=request.instance.metadata, is_new=True, bounds=bounds)
        except exception.BuildRequestNotFound:
            pass
        try:
            return cls._moving(admin, spec_obj.instance_uuid)
        except (exception.InstanceMappingNotFound, exception.InstanceNotFound):
            return None

    @classmethod
    def _moving(cls, admin: nova_context.RequestContext, uuid: str) -> Self | None:
        cell = objects.InstanceMapping.get_by_instance_uuid(admin, uuid).cell_mapping
        if cell is None:
            return None
        with nova_context.target_cell(admin, cell) as targeted:
            instance = objects.Instance.get_by_uuid(targeted, uuid, expected_attrs=["metadata"])
            return cls(
                metadata=instance.metadata,
                is_new=False,
                host=instance.host,
                cell=cell.uuid,
                task_state=instance.task_state,
                in_vcenter=_in_vcenter(targeted, instance),
            )

    def stays_in_its_cluster(self) -> bool:
        """Tell whether this is an operation that cannot take the VM to another cluster."""
        return self.in_vcenter and self.task_state in _STAYS

    def goes_where_told(self, spec_obj: objects.RequestSpec) -> bool:
        """Tell whether an operator named the destination of a move."""
        told = "requested_destination" in spec_obj and spec_obj.requested_destination
        return bool(
            told and "host" in told and told.host and not self.is_new and not self.stays_in_its_cluster()
        )


def _in_vcenter(context: nova_context.RequestContext, instance: objects.Instance) -> bool:
    if not instance.host or not instance.node:
        return False
    try:
        node = objects.ComputeNode.get_by_host_and_nodename(context, instance.host, instance.node)
    except exception.ComputeHostNotFound:
        return False
    return rpc.is_vcenter(node.hypervisor_type)
