# ruff: noqa: ARG002 - RPC passes a context to every method
"""What nova-api and nova-scheduler can ask a nova-compute about its cluster. See `polyvisor.nova.rpc`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova import rpc as nova_rpc
from nova.context import RequestContext
from nova.objects import base as objects_base
from nova.objects.instance import Instance

from polyvisor.nova import errors
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.rpc import TOPIC, VERSION
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.wish import Wish, resolve

# Expected: it goes to the caller without a traceback in this service's log.
answers = messaging.expected_exceptions(*errors.REMOTE.values())


class PolyvisorEndpoint:
    """The questions. All of them only read."""

    target = messaging.Target(version=VERSION)

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @answers
    def list_hosts(self, ctxt: RequestContext) -> dict[str, Any]:
        """List the ESXi hosts."""
        return self._cluster.identity() | {"hosts": [asdict(host) for host in self._cluster.hosts()]}

    @answers
    def list_datastores(self, ctxt: RequestContext) -> dict[str, Any]:
        """List the datastores that servers can be put on."""
        stores = [asdict(store) for store in self._cluster.datastores()]
        return self._cluster.identity() | {"datastores": stores}

    @answers
    def check_placement(
        self, ctxt: RequestContext, host: str | None, datastore: str | None, disk_bytes: int
    ) -> dict[str, Any]:
        """Say whether a server with these disks can be put there, and if not, why."""
        verdict: dict[str, Any] = {"ok": True, "code": None, "rank": 0, "reason": None}
        wish = Wish(host=host, datastore=datastore).within(self._cluster.vcenter_uuid)
        hosts, datastores = self._cluster.hosts(), self._cluster.datastores()
        try:
            target = resolve(wish, hosts, datastores, disk_bytes=disk_bytes)
        except PlacementRefused as refusal:
            verdict |= {"ok": False, "code": refusal.code, "rank": refusal.rank, "reason": str(refusal)}
            found = refusal.host, refusal.datastore
        else:
            found = target.host, target.datastore
        verdict["host"], verdict["datastore"] = (asdict(thing) if thing else None for thing in found)
        return self._cluster.identity() | verdict

    @answers
    def get_placement(self, ctxt: RequestContext, instance: Instance) -> dict[str, Any]:
        """Say where the VM of a server is."""
        return self._cluster.identity() | {"placement": asdict(self._cluster.placement(instance.uuid))}


def start(cluster: Cluster, host: str, nouns: Sequence[Any] = ()) -> messaging.MessageHandlingServer:
    """Start to answer questions to this compute service; call `stop()` and `wait()` on the result.

    :param nouns: the endpoints of the nouns that this service does work for.
    """
    server = nova_rpc.get_server(
        messaging.Target(topic=TOPIC, server=host),
        [PolyvisorEndpoint(cluster), *nouns],
        objects_base.NovaObjectSerializer(),
    )
    server.start()
    return server
