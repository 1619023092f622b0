"""GET /os-vmware-hosts."""

from typing import Any

from nova.api import validation
from nova.api.openstack import wsgi

from polyvisor.nova.api import clusters, paging
from polyvisor.nova.api.clusters import Item
from polyvisor.nova.api.policies import host as policies
from polyvisor.nova.api.schemas import host as schema
from polyvisor.nova.api.views import base
from polyvisor.nova.api.views import host as view


@validation.query_schema(schema.INDEX)
def index(req: wsgi.Request) -> dict[str, Any]:
    """List ESXi hosts: `{"hosts": [...], "unavailable": [...], "hosts_links": [...]}`."""
    context = req.environ["nova.context"]
    context.can(policies.LIST, target={})
    found, missing = clusters.read(context, req.GET.get("zone"))
    items = [host for cluster in found for host in view.hosts(cluster) if _matches(req.GET, host)]
    return {**paging.page(req, items, "os-vmware-hosts", "hosts"), "unavailable": missing}


def _matches(wanted: dict[str, str], host: Item) -> bool:
    return (
        ("cluster" not in wanted or base.is_named(host["cluster"], wanted["cluster"]))
        and ("host" not in wanted or base.is_named(host, wanted["host"]))
        and ("datastore" not in wanted or base.any_named(host["datastores"], wanted["datastore"]))
    )
