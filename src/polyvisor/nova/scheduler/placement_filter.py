"""Scheduler filter: passes only the compute services whose cluster has the host and datastore wished for.

Enable it last, so that it asks no more clusters than are left::

    [filter_scheduler]
    available_filters = nova.scheduler.filters.all_filters
    available_filters = polyvisor.nova.scheduler.placement_filter.PlacementFilter
    enabled_filters = <the others>, PlacementFilter
"""

from collections.abc import Iterable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from nova import context as nova_context
from nova import exception, objects
from nova.context import RequestContext
from nova.scheduler import filters, utils
from nova.scheduler.host_manager import HostState
from oslo_log import log as logging

from polyvisor.nova import errors, rpc, wish
from polyvisor.nova.scheduler.server import Server
from polyvisor.vsphere.wish import Wish

LOG = logging.getLogger(__name__)

Verdict: TypeAlias = rpc.Answer | exception.NovaException


class PlacementFilter(filters.BaseHostFilter):
    """Reads the wish from the server, asks the clusters.

    - Create: a cluster passes if a server with these disks can be put where its owner wished. A compute
      service that manages no vCenter cluster, or does not answer, never passes. A server whose VM is made of
      something in one vCenter (see `polyvisor.nova.origin`) passes only there.
    - Unshelve, live migration: the same; but where the wish holds nowhere any more, not even where the
      server is, it is let go of, so that no production server becomes unmovable. A destination that the
      operator names passes.
    - Resize, cold migration: a server in vCenter stays in its cluster, with or without a wish. Nova's
      vCenter driver leaves the VM where it is and books it where it was scheduled to.
    """

    def __init__(self) -> None:
        super().__init__()
        self._api = rpc.PolyvisorAPI()
        # A request for many servers runs the filter once for each; the clusters are asked once.
        self._asked: WeakKeyDictionary[objects.RequestSpec, dict[str, Verdict]] = WeakKeyDictionary()

    def filter_all(
        self, filter_obj_list: Iterable[HostState], spec_obj: objects.RequestSpec
    ) -> list[HostState]:
        """Return the hosts that pass.

        :raises nova.exception.NoValidHost: none passes for a new server, with the reason of the cluster that
            came nearest; it becomes the server's fault.
        """
        hosts = list(filter_obj_list)
        if utils.request_is_rebuild(spec_obj):
            return hosts
        server = Server.of(spec_obj)
        if server is None or server.goes_where_told(spec_obj):
            return hosts
        hosts = [host for host in hosts if server.bounds.allow(host.nodename)]
        if server.host and server.stays_in_its_cluster():
            return self._passing(
                hosts, spec_obj, {server.host: {"ok": True}}, "the server stays in its cluster"
            )
        try:
            wished = wish.read(server.metadata)
        except errors.WishInvalid as error:
            LOG.info("Server %s: %s", spec_obj.instance_uuid, error)
            return [] if server.is_new else hosts
        return hosts if wished is None else self._filter(hosts, spec_obj, server, wished)

    def _filter(
        self, hosts: list[HostState], spec_obj: objects.RequestSpec, server: Server, wished: Wish
    ) -> list[HostState]:
        clusters = [host for host in hosts if rpc.is_vcenter(host.hypervisor_type)]
        verdicts = self._asked.get(spec_obj)
        if verdicts is None:
            verdicts = self._asked[spec_obj] = self._ask(clusters, spec_obj, server, wished)
        holds_nowhere = not any(_ok(verdict) for verdict in verdicts.values())
        if holds_nowhere and not server.is_new:
            LOG.warning("Server %s moves without regard to its wish %s", spec_obj.instance_uuid, wished)
            return clusters
        passing = self._passing(hosts, spec_obj, verdicts, "not a vCenter cluster")
        if not passing and server.is_new and spec_obj.num_instances == 1:
            # With more servers in the request, some have claimed resources by now. Nova gives those back
            # only where it finds by itself that no host is left, and then says no reason.
            raise exception.NoValidHost(reason=_nearest(verdicts))
        return passing

    def _ask(
        self, clusters: list[HostState], spec_obj: objects.RequestSpec, server: Server, wished: Wish
    ) -> dict[str, Verdict]:
        needed = wish.disk_bytes(
            spec_obj.flavor, boot_from_volume="is_bfv" in spec_obj and bool(spec_obj.is_bfv)
        )

        def ask(ctxt: RequestContext, compute: str) -> rpc.Answer:
            # Where the server is, its disks are.
            disk_bytes = 0 if compute == server.host else needed
            return self._api.check_placement(ctxt, compute, wished.host, wished.datastore, disk_bytes)

        admin = spec_obj._context.elevated()  # noqa: SLF001 - how Nova's filters get at it
        computes = {host.host: _targeted(admin, host.cell_uuid) for host in clusters}
        if server.host and server.cell:
            computes.setdefault(server.host, _targeted(admin, server.cell))
        return rpc.fan_out([(ctxt, compute) for compute, ctxt in computes.items()], ask)

    @staticmethod
    def _passing(
        hosts: list[HostState], spec_obj: objects.RequestSpec, verdicts: dict[str, Any], otherwise: str
    ) -> list[HostState]:
        passing = []
        for host in hosts:
            verdict = verdicts.get(host.host)
            if _ok(verdict):
                passing.append(host)
                continue
            reason = verdict["reason"] if isinstance(verdict, dict) else verdict or otherwise
            LOG.info("%s is not for server %s: %s", host.host, spec_obj.instance_uuid, reason)
        return passing


def _ok(verdict: Verdict | None) -> bool:
    return isinstance(verdict, dict) and bool(verdict["ok"])


def _nearest(verdicts: dict[str, Verdict]) -> str:
    """Give the reason of the cluster that came nearest to having the place; see `PolyvisorAPI`."""
    refusals = [verdict for verdict in verdicts.values() if isinstance(verdict, dict)]
    if refusals:
        return str(max(refusals, key=lambda refusal: refusal["rank"])["reason"])
    return "; ".join(str(error) for error in verdicts.values()) or "no vCenter cluster is left to ask"


def _targeted(context: RequestContext, cell_uuid: str) -> RequestContext:
    cell = objects.CellMapping.get_by_uuid(context, cell_uuid)
    with nova_context.target_cell(context, cell) as targeted:
        return targeted
