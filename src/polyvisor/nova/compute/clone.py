"""Clone: the VM of a new server is copied from that of another."""

from collections.abc import Callable, Mapping
from typing import Any

import oslo_messaging as messaging
from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.endpoint import answers
from polyvisor.nova.compute.work import Plan, Work
from polyvisor.vsphere import clone as vsphere
from polyvisor.vsphere import faults
from polyvisor.vsphere.clone import Order
from polyvisor.vsphere.clone_source import Source
from polyvisor.vsphere.inventory import find_vm

Complete = Callable[[Instance, Mapping[str, int]], None]
"""Does what is left to do of a build, once its VM is there; given the disks that are to be its volumes, as
`copied_volumes.Disks`."""


class Cloning(Work):
    """The work: `CloneVM_Task`. It is part of a build, whose task states are Nova's."""

    noun = "clone"
    task_state = ""

    def __init__(self, cluster: Cluster, complete: Complete) -> None:
        """Clone into this cluster; `complete` ends a build during which nova-compute was killed."""
        self._cluster = cluster
        self._complete = complete

    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:
        """Nothing is planned apart from a build."""
        raise NotImplementedError

    def start(self, plan: Plan) -> Any:
        """Nothing is begun again: Nova would not wait for it."""
        raise NotImplementedError

    def is_done(self, plan: Plan) -> bool:
        """Look for the VM."""
        try:
            find_vm(self._cluster.session, plan.details["uuid"])
        except faults.NotFound:
            return False
        return True

    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:  # noqa: ARG002
        """End the build that was interrupted."""
        self._complete(instance, plan.details["volumes"])
        return plan.summary


class OrderedClone(Cloning):
    """The same, for one build. The order may hold secrets, which are written nowhere."""

    def __init__(self, cluster: Cluster, source: Source, order: Order) -> None:
        """Copy `source` as ordered."""
        self._cluster = cluster
        self._source = source
        self._order = order

    def start(self, plan: Plan) -> Any:  # noqa: ARG002 - the plan says less than the order
        """Begin to copy."""
        return vsphere.start_clone(self._cluster.session, self._source, self._order)


class CloneEndpoint:
    """What nova-api can ask about clones. See `polyvisor.nova.rpc`."""

    target = messaging.Target(version="1.4")

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @answers
    def get_clone_source(
        self,
        ctxt: RequestContext,  # noqa: ARG002 - RPC passes it
        instance: Instance,
        snapshot: str | None = None,
    ) -> dict[str, Any]:
        """Say what of a server, or of a snapshot of it, would be cloned."""
        source = self._cluster.clone_source(instance.uuid, snapshot)
        told: dict[str, Any] = {
            key: getattr(source, key) for key in ("vm", "snapshot", "guest", "tools", "disk_bytes")
        }
        told["volumes"] = {name: volume.capacity_bytes for name, volume in source.volumes.items()}
        return self._cluster.identity() | {"source": told}
