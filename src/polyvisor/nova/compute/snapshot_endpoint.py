"""What nova-api can ask a nova-compute about snapshots. See `polyvisor.nova.rpc`."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import oslo_messaging as messaging
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.reversion import Reversion
from polyvisor.nova.compute.snapshot import Consolidation, Creation, Removal, SnapshotWork

KINDS: tuple[type[SnapshotWork], ...] = (Creation, Reversion, Removal, Consolidation)


class SnapshotEndpoint:
    """What nova-api can ask about snapshots. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.3")

    def __init__(self, cluster: Cluster, works: Iterable[SnapshotWork], operations: Operations) -> None:
        self._cluster = cluster
        self._operations = operations
        self._works = {work.noun: work for work in works}

    @answers
    def list_snapshots(self, ctxt: RequestContext, instance: Instance) -> dict[str, Any]:  # noqa: ARG002 - RPC
        """List all snapshots of a server's VM."""
        return self._cluster.identity() | asdict(self._cluster.snapshots(instance.uuid))

    @answers
    def read_chain(self, ctxt: RequestContext, instance: Instance) -> dict[str, Any]:  # noqa: ARG002 - RPC
        """Say what the snapshots of a server's VM hold on to."""
        chain = self._cluster.chain(instance.uuid)
        return {"snapshots": chain.snapshots, "volumes": chain.volumes}

    @answers
    def plan_snapshot(
        self, ctxt: RequestContext, instance: Instance, noun: str, request: dict[str, Any]
    ) -> dict[str, Any]:
        """Say what would be done, or why not."""
        with self._cluster.finding(instance.uuid):
            return asdict(self._works[noun].plan(ctxt, instance, request))

    def begin_snapshot(
        self, ctxt: RequestContext, instance: Instance, noun: str, request: dict[str, Any]
    ) -> None:
        """Do it."""
        self._operations.begin(ctxt, instance, noun, request)
