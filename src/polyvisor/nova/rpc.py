"""RPC from nova-api and nova-scheduler to the endpoint that our driver runs inside nova-compute."""

import concurrent.futures
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import nova.conf
import oslo_messaging as messaging
from nova import exception
from nova import rpc as nova_rpc
from nova.context import RequestContext
from nova.objects import base as objects_base
from nova.objects.instance import Instance
from oslo_log import log as logging

from polyvisor.nova import conf, errors

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF
conf.register_opts(CONF)

TOPIC = "polyvisor"
VERSION = "1.0"
"""What each endpoint answers at least. 1.1 added relocations, 1.2 clones, 1.3 snapshots,
1.4 clones of snapshots, 1.5 adoptions and releases."""

Answer = dict[str, Any]
Asked = TypeVar("Asked")


def is_vcenter(hypervisor_type: str | None) -> bool:
    """Tell by `ComputeNode.hypervisor_type` whether a compute service manages a vCenter cluster."""
    return (hypervisor_type or "").startswith("VMware vCenter Server")


class PolyvisorAPI:
    """Questions to one nova-compute about its cluster.

    `ctxt` must be targeted at the cell of the compute service (`nova.context.target_cell`), as for Nova's
    own compute RPC. `host` is the name of the compute service. Every method raises

    - `errors.ComputeUnavailable` if no answer came within `[polyvisor] rpc_timeout`,
    - `errors.VCenterUnavailable` if that compute could not ask its vCenter, `errors.VCenterRefused` if
      vCenter answered with a fault.
    """

    @cached_property
    def _router(self) -> nova_rpc.ClientRouter:
        target = messaging.Target(topic=TOPIC, version=VERSION)
        serializer = objects_base.NovaObjectSerializer()
        return nova_rpc.ClientRouter(nova_rpc.get_client(target, serializer=serializer))

    def list_hosts(self, ctxt: RequestContext, host: str) -> Answer:
        """Return `{"vcenter", "cluster", "hosts": [asdict(vsphere.host.Host)]}`."""
        return self._call(ctxt, host, "list_hosts")

    def list_datastores(self, ctxt: RequestContext, host: str) -> Answer:
        """Return `{"vcenter", "cluster", "datastores": [asdict(vsphere.datastore.Datastore)]}`."""
        return self._call(ctxt, host, "list_datastores")

    def check_placement(
        self, ctxt: RequestContext, host: str, esxi: str | None, datastore: str | None, disk_bytes: int
    ) -> Answer:
        """Ask whether the cluster can take a server with `disk_bytes` of disks at this place.

        Returns `{"vcenter", "cluster", "ok": bool, "host": {...}|None, "datastore": {...}|None,
        "code": str|None, "rank": int, "reason": str|None}`. Of several clusters that refuse, the one with
        the highest rank came nearest, and its reason tells the user most.
        """
        return self._call(
            ctxt, host, "check_placement", host=esxi, datastore=datastore, disk_bytes=disk_bytes
        )

    def get_placement(self, ctxt: RequestContext, instance: Instance) -> Answer:
        """Return `{"vcenter", "cluster", "placement": asdict(vsphere.placement.Placement)}`.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        """
        return self._call(ctxt, instance.host, "get_placement", instance=instance)

    def check_relocation(
        self, ctxt: RequestContext, host: str, instance: Instance, request: Answer
    ) -> Answer:
        """Ask how the VM of a server would be moved so, without moving it.

        `host` is the compute service to whose cluster it would be moved, `request` is
        `asdict(vsphere.relocation_rules.Request)`. Returns `{"vcenter", "cluster", "ok": bool, "code":
        str|None, "rank": int, "reason": str|None, "move": asdict(vsphere.relocation.Move)|None}`.

        :raises errors.VirtualMachineNotFound: the vCenter of this host has no VM for this server.
        """
        return self._call(ctxt, host, "check_relocation", version="1.1", instance=instance, request=request)

    def list_candidates(self, ctxt: RequestContext, host: str, instance: Instance, request: Answer) -> Answer:
        """Ask to which hosts and datastores of a cluster the VM of a server can be moved.

        Arguments as of `check_relocation`. Returns `{"vcenter", "cluster", "hosts": [candidate],
        "datastores": [candidate]}`, a candidate being `{"moref", "name", "ok": bool, "reasons": [str]}`.

        :raises errors.VirtualMachineNotFound: as above.
        """
        return self._call(ctxt, host, "list_candidates", version="1.1", instance=instance, request=request)

    def relocate(self, ctxt: RequestContext, instance: Instance, move: Answer) -> None:
        """Have the VM of a server moved, inside its cluster, as `check_relocation` has said.

        Returns at once; see `polyvisor.nova.api.operations.begin`.
        """
        self._cast(ctxt, instance.host, "relocate", version="1.1", instance=instance, move=move)

    def abort_relocation(self, ctxt: RequestContext, instance: Instance) -> None:
        """Have vCenter cancel the move of a server's VM.

        :raises errors.NotAbortable: there is none, or vCenter does not offer it.
        """
        self._call(ctxt, instance.host, "abort_relocation", version="1.1", instance=instance)

    def get_clone_source(self, ctxt: RequestContext, instance: Instance, snapshot: str | None) -> Answer:
        """Return `{"vcenter", "cluster", "source": {"guest", "tools", "disk_bytes", "volumes"}}`.

        These are attributes of `vsphere.clone.Source`.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        :raises errors.SnapshotNotFound: it has no snapshot with this id.
        """
        return self._call(
            ctxt, instance.host, "get_clone_source", version="1.4", instance=instance, snapshot=snapshot
        )

    def list_snapshots(self, ctxt: RequestContext, instance: Instance) -> Answer:
        """Return `{"vcenter", "cluster", **asdict(vsphere.snapshot.Snapshots)}`.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        """
        return self._call(ctxt, instance.host, "list_snapshots", version="1.3", instance=instance)

    def read_chain(self, ctxt: RequestContext, instance: Instance) -> Answer:
        """Return `{"snapshots": int, "volumes": [id]}`: how many there are, and which volumes they hold.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        """
        return self._call(ctxt, instance.host, "read_chain", version="1.3", instance=instance)

    def plan_snapshot(self, ctxt: RequestContext, instance: Instance, noun: str, request: Answer) -> Answer:
        """Return what `begin_snapshot` would do, as `asdict(compute.work.Plan)`.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        :raises errors.SnapshotNotFound: the server has no such snapshot.
        :raises errors.SnapshotRefused: it cannot be done.
        """
        return self._call(
            ctxt, instance.host, "plan_snapshot", version="1.3", instance=instance, noun=noun, request=request
        )

    def begin_snapshot(self, ctxt: RequestContext, instance: Instance, noun: str, request: Answer) -> None:
        """Have work on the snapshots of a server done: `noun` and `request` are those of `compute.snapshot`.

        Returns at once; see `polyvisor.nova.api.operations.begin`.
        """
        self._cast(
            ctxt,
            instance.host,
            "begin_snapshot",
            version="1.3",
            instance=instance,
            noun=noun,
            request=request,
        )

    def check_adoption(
        self, ctxt: RequestContext, host: str, adoption: Answer, volumes: Sequence[str]
    ) -> Answer:
        """Ask whether a VM of a vCenter can be taken over, with these volumes.

        `adoption` is `asdict(nova.adoption.Adoption)`. Returns `{"vcenter", "cluster", "vm": {"name",
        "cluster": moref, "cpus", "memory_mb", "nics": [asdict(vsphere.network_adapter.NetworkAdapter)]}}`;
        the VM may be in another cluster than that of this host.

        :raises errors.AdoptionRefused: it cannot.
        :raises errors.TicketRefused: the ticket is not good for it.
        """
        return self._call(
            ctxt, host, "check_adoption", version="1.5", adoption=adoption, volumes=list(volumes)
        )

    def plan_release(self, ctxt: RequestContext, instance: Instance, request: Answer) -> Answer:
        """Return what `begin_release` would do, as `asdict(compute.work.Plan)`; `request` has `force`.

        :raises errors.VirtualMachineNotFound: vCenter has no VM for this server.
        :raises errors.AdoptionRefused: the VM would not be as it was.
        """
        return self._call(
            ctxt, instance.host, "plan_release", version="1.5", instance=instance, request=request
        )

    def begin_release(self, ctxt: RequestContext, instance: Instance, request: Answer) -> None:
        """Have an adopted server forgotten, and its VM be what it was.

        Returns at once; see `polyvisor.nova.api.operations.begin`.
        """
        self._cast(ctxt, instance.host, "begin_release", version="1.5", instance=instance, request=request)

    def _cast(
        self, ctxt: RequestContext, compute: str, method: str, *, version: str, **arguments: Any
    ) -> None:
        try:
            self._router.client(ctxt).prepare(server=compute, version=version).cast(ctxt, method, **arguments)
        except messaging.MessagingException as error:
            raise errors.ComputeUnavailable(host=compute, reason=type(error).__name__) from error

    def _call(
        self, ctxt: RequestContext, compute: str, method: str, *, version: str = VERSION, **arguments: Any
    ) -> Answer:
        client = self._router.client(ctxt).prepare(
            server=compute, version=version, timeout=CONF.polyvisor.rpc_timeout
        )
        try:
            return client.call(ctxt, method, **arguments)
        except messaging.RemoteError as error:
            # A process that loads this module after Nova's transport is up can no longer list our errors
            # as allowed, so oslo.messaging hands them over by name.
            known = errors.REMOTE.get(error.exc_type)
            if known is None:
                raise
            raise known(error.value) from None
        except messaging.MessagingException as error:
            raise errors.ComputeUnavailable(host=compute, reason=type(error).__name__) from error


def fan_out(
    computes: Iterable[tuple[RequestContext, str]], ask: Callable[[RequestContext, str], Asked]
) -> dict[str, Asked | exception.NovaException]:
    """Ask many computes at the same time; return for each its answer, or the error instead of one.

    `computes` are pairs of a cell-targeted context and the name of a compute service, `ask` is one method of
    `PolyvisorAPI` or a function around it. Takes as long as the slowest, at most the RPC time limit.
    """
    pairs = list(computes)
    # One thread each: a pool smaller than the number of dead computes would add their time limits up.
    with concurrent.futures.ThreadPoolExecutor(max_workers=max(len(pairs), 1)) as pool:
        asked = {compute: pool.submit(_answer, ask, ctxt, compute) for ctxt, compute in pairs}
        return {compute: future.result() for compute, future in asked.items()}


def _answer(
    ask: Callable[[RequestContext, str], Asked], ctxt: RequestContext, compute: str
) -> Asked | exception.NovaException:
    try:
        return ask(ctxt, compute)
    except exception.NovaException as error:
        return error
    except Exception as error:
        LOG.exception("Compute service %s failed to answer", compute)
        return errors.ComputeUnavailable(host=compute, reason=type(error).__name__)
