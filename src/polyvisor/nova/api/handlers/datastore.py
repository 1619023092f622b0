"""GET /os-vmware-datastores."""

from typing import Any

from nova.api import validation
from nova.api.openstack import wsgi

from polyvisor.nova.api import clusters, paging
from polyvisor.nova.api.clusters import Item
from polyvisor.nova.api.policies import datastore as policies
from polyvisor.nova.api.schemas import datastore as schema
from polyvisor.nova.api.views import base
from polyvisor.nova.api.views import datastore as view


@validation.query_schema(schema.INDEX)
def index(req: wsgi.Request) -> dict[str, Any]:
    """List datastores: `{"datastores": [...], "unavailable": [...], "datastores_links": [...]}`."""
    context = req.environ["nova.context"]
    context.can(policies.LIST, target={})
    found, missing = clusters.read(context, req.GET.get("zone"))
    items = [datastore for datastore in view.datastores(found) if _matches(req.GET, datastore)]
    return {**paging.page(req, items, "os-vmware-datastores", "datastores"), "unavailable": missing}


def _matches(wanted: dict[str, str], datastore: Item) -> bool:
    return (
        ("cluster" not in wanted or base.any_named(datastore["clusters"], wanted["cluster"]))
        and ("host" not in wanted or base.any_named(datastore["hosts"], wanted["host"]))
        and ("datastore" not in wanted or base.is_named(datastore, wanted["datastore"]))
    )
