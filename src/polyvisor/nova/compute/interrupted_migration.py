"""Live migrations that are left when nova-compute was killed before the driver was asked for them.

Of them there is no record, only what Nova's database and Cinder have.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from nova import exception
from nova.compute import instance_actions
from nova.context import RequestContext, get_admin_context
from nova.objects.block_device import BlockDeviceMappingList
from nova.objects.fields import MigrationType
from nova.objects.instance import Instance
from nova.objects.instance_action import InstanceActionList
from nova.objects.migration import Migration, MigrationList
from nova.volume import cinder
from oslo_utils import timeutils

#: In Nova's database, of migrations that only the source's nova-compute leads to an end.
_BEGUN: Final = ("queued", "preparing", "running")
#: nova-conductor has sent it, and nova-compute has not said that it came.
_SENT: Final = "accepted"
PATIENCE = 600.0
"""Seconds after which a message is lost that this nova-compute was there to hear."""
_ATTACHMENTS: Final = "3.27"
"""Cinder's microversion that has them."""
_began = time.monotonic()


def find(host: str, *, starting: bool) -> Iterator[tuple[RequestContext, Instance, Migration]]:
    """Find them, with the request that each belongs to.

    :param starting: nothing runs yet in this nova-compute: what has begun is nobody's. Otherwise, what
        never came.
    """
    for migration in _left(host) if starting else _unheard(host):
        context = get_admin_context()
        try:
            instance = Instance.get_by_uuid(context, migration.instance_uuid)
        except exception.InstanceNotFound:
            continue
        if instance.host == host:
            yield _context_of(context, instance), instance, migration


def volumes_before(context: RequestContext, instance: Instance) -> BlockDeviceMappingList:
    """Read the block devices of a server as they were before a destination prepared itself.

    It attaches each volume once more. Cinder then has two attachments, of which the older is the server's.
    """
    mappings = BlockDeviceMappingList.get_by_instance_uuid(context, instance.uuid)
    for mapping in mappings:
        if mapping.is_volume and mapping.attachment_id is not None:
            which = {"all_tenants": 1, "volume_id": mapping.volume_id, "instance_id": instance.uuid}
            client = cinder.cinderclient(context, microversion=_ATTACHMENTS)
            if found := client.attachments.list(search_opts=which, sort="created_at:asc"):
                mapping.attachment_id = found[0].id
    return mappings


def _left(host: str) -> MigrationList:
    return _migrations(host, *_BEGUN)


def _unheard(host: str) -> list[Migration]:
    if time.monotonic() - _began < PATIENCE:
        return []
    late = timeutils.utcnow(with_timezone=True) - timedelta(seconds=PATIENCE)
    # Without a destination nova-conductor still looks for one.
    return [
        migration
        for migration in _migrations(host, _SENT)
        if migration.dest_node and (migration.updated_at or migration.created_at) < late
    ]


def _migrations(host: str, *statuses: str) -> MigrationList:
    wanted = {
        "source_compute": host,
        "migration_type": MigrationType.LIVE_MIGRATION,
        "status": list(statuses),
    }
    return MigrationList.get_by_filters(get_admin_context(), wanted)


def _context_of(admin: RequestContext, instance: Instance) -> RequestContext:
    for action in InstanceActionList.get_by_instance_uuid(admin, instance.uuid):
        if action.action == instance_actions.LIVE_MIGRATION:
            return RequestContext(
                action.user_id, action.project_id, request_id=action.request_id, is_admin=True
            )
    return admin
