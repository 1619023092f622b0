"""Whether Nova counts a server: in quotas, and where it lists servers of a cell that is down.

Nova's API stops counting a server when its deletion begins, not when it ends; so does a release.
"""

from nova.context import RequestContext
from nova.objects.instance_mapping import InstanceMapping


def count(context: RequestContext, server: str, *, counted: bool) -> None:
    """Have a server (its UUID) counted, or no longer.

    :raises nova.exception.InstanceMappingNotFound: there is no such server.
    """
    mapping = InstanceMapping.get_by_instance_uuid(context, server)
    mapping.queued_for_delete = not counted
    mapping.save()
