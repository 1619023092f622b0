"""The server that a request is about."""

from nova import context as nova_context
from nova import exception
from nova.compute.api import API
from nova.context import RequestContext
from nova.objects.instance import Instance


def find(context: RequestContext, server_id: str, *attributes: str) -> Instance | None:
    """Return a server, with those attributes; None if there is none for this user, which Nova then says."""
    with nova_context.target_cell(context, None) as lookup:
        try:
            return API().get(lookup, server_id, expected_attrs=list(attributes))
        except exception.InstanceNotFound:
            return None
