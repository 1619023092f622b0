"""Nova's live migration between two clusters of one vCenter: the VM moves, and its NICs are connected anew.

Nova does everything else: allocations, port bindings, volumes' attachments, `instance.host`, and takes it all
back if the move fails.
"""

from nova import exception
from nova.context import RequestContext
from nova.objects.block_device import BlockDeviceMappingList
from nova.objects.instance import Instance
from nova.objects.migrate_data import VMwareLiveMigrateData

from polyvisor.nova.compute.crossing import Crossing
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.target import Target
from polyvisor.vsphere.faults import VSphereError


class LiveMigration:
    """The driver's part of live migration, at the source and at the destination."""

    def __init__(self, target: Target, operations: Operations, work: Crossing) -> None:
        self._target = target
        self._operations = operations
        self._work = work

    def describe_destination(self) -> VMwareLiveMigrateData:
        """Say, at the destination, what the source has to know of it."""
        return self._target.describe()

    def check(self, context: RequestContext, instance: Instance, data: VMwareLiveMigrateData) -> None:
        """Check at the source.

        :raises nova.exception.MigrationPreCheckError: the VM cannot be moved there.
        """
        try:
            self._target.decide(context, instance, data)
        except (VSphereError, exception.NovaException) as error:
            raise exception.MigrationPreCheckError(reason=str(error)) from error

    def run(
        self,
        context: RequestContext,
        instance: Instance,
        dest: str,
        data: VMwareLiveMigrateData,
        volumes: BlockDeviceMappingList,
    ) -> None:
        """Move the VM, and have Nova follow it, or take back what it has prepared.

        Nothing is raised: Nova would put a server into error that goes on where it is.

        :param dest: the compute service that it goes to.
        :param data: what the destination and Neutron have said of themselves.
        :param volumes: the server's block devices as they were before the destination prepared itself.
        """
        self._operations.carry_on(context, instance, self._work.prepare(dest, data, volumes), self._work)
