"""Port groups that administrators name for networks: used as they are, never changed, never deleted."""

from collections.abc import Collection
from functools import partial
from typing import Any

from neutron.db import segments_db
from neutron_lib import exceptions
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_db import exception as db_exc

from polyvisor.neutron import binding, conf
from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import mapping as mapping_table
from polyvisor.neutron.db import network as networks
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.db.mapping import Mapped
from polyvisor.neutron.db.port_group import Row, Site, Wanted
from polyvisor.neutron.distributed_switch import DistributedSwitches
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.neutron.port_group import check_group, identity
from polyvisor.neutron.standard_switch import StandardSwitches
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.faults import VSphereError


class Refused(exceptions.BadRequest):
    """The port group cannot be named for the network."""

    message = "Port group '%(name)s' cannot be named for network %(network_id)s: %(reason)s."


class AlreadyTaken(exceptions.Conflict):
    """Something else stands there already."""

    message = Refused.message


class StillUsed(exceptions.InUse):
    """Ports are bound by it."""

    message = (
        "Port group '%(name)s' is still used: network %(network_id)s has ports on %(hosts)s. Delete or move "
        "these ports first."
    )


class NotAsked(exceptions.ServiceUnavailable):
    """vCenter could not be asked."""

    message = "vCenter %(vcenter)s could not be asked: %(reason)s."


class Mapper:
    """Names port groups, after a look at them in vCenter."""

    def __init__(self, settings: conf.Settings) -> None:
        self._settings = settings
        types: tuple[SwitchType, ...] = (DistributedSwitches(settings), StandardSwitches(settings))
        self._types = {switches.name: switches for switches in types}

    def create(self, context: Any, *, network_id: str, compute_host: str, port_group: str) -> Mapped:
        """Let the network use that port group where the compute service builds its servers.

        Raises:
            neutron_lib.exceptions.NetworkNotFound: there is no such network.
            Refused: the compute service is not known, or the port group does not fit, or is not on all hosts.
            AlreadyTaken: the network, or another one, has a port group there.
            NotAsked: vCenter did not answer.
        """
        directory.get_plugin().get_network(context, network_id)
        naming = _Naming(network_id, port_group)
        compute = self._compute(naming, compute_host)
        try:
            segment = binding.choose_segment(self._segments(context, network_id), compute.physnet_mappings)
        except binding.BindingError as exc:
            raise naming.refused(str(exc)) from exc
        spots, inventory = self._look(compute, segment)
        vlan_id = binding.vlan_of(segment)
        found = naming.find(spots, inventory, vlan_id)
        ownerless = naming.check_rows(context, found)
        try:
            made = mapping_table.create(context, network_id, compute_host, port_group)
        except db_exc.DBDuplicateEntry as exc:
            raise naming.taken(f"one is named for it on {compute_host} already") from exc
        except db_exc.DBReferenceError as exc:
            raise exceptions.NetworkNotFound(net_id=network_id) from exc
        table.forget(context, [row.id for row in ownerless])
        for site, group in found.items():
            key, moref = identity(group)
            wanted = Wanted(site, network_id, vlan_id, port_group)
            table.note(context, wanted, owned=False, key=key, moref=moref)
        return made

    def delete(self, context: Any, mapped: Mapped) -> None:
        """Let the network have a port group of ours there from the next port on.

        Raises:
            StillUsed: ports of the network are bound there.
            NotAsked: vCenter did not answer.
        """
        compute = self._settings.computes.get(mapped.compute_host)
        segments = self._segments(context, mapped.network_id)
        usable = binding.usable_segments(segments, compute.physnet_mappings) if compute else []
        if compute and usable and not self._is_named_by_others(context, mapped, usable[0]):
            self._check_unbound(context, mapped, self._sharing(compute, usable[0]))
            spots, _ = self._look(compute, usable[0])
            sites = {spot.site for spot in spots}
            rows = table.list_of_network(context, mapped.network_id)
            table.forget(
                context,
                [r.id for r in rows if r.site in sites and not r.owned and r.name == mapped.port_group],
            )
        mapping_table.delete(context, mapped.id)

    def _compute(self, naming: "_Naming", host: str) -> conf.Compute:
        compute = self._settings.computes.get(host)
        if compute is None:
            known = ", ".join(sorted(self._settings.computes))
            raise naming.refused(f"'{host}' is not a VMware compute service; there are {known}")
        return compute

    @staticmethod
    def _segments(context: Any, network_id: str) -> list[binding.Segment]:
        return segments_db.get_network_segments(context, network_id)

    def _look(self, compute: conf.Compute, segment: binding.Segment) -> tuple[Collection[Spot], Inventory]:
        switches = self._types[compute.switch_type]
        read = partial(switches.read, computes=[compute])
        connection = connect(self._settings.vcenters[compute.vcenter])
        try:
            inventory: Inventory = connection.run(read, deadline=self._settings.bind_deadline)
        except (VSphereError, conf.ConfigError) as exc:
            raise NotAsked(vcenter=compute.vcenter, reason=exc) from exc
        switch = compute.physnet_mappings[segment[api.PHYSICAL_NETWORK]]
        return inventory.spots[compute.host, switch], inventory

    def _sharing(self, compute: conf.Compute, segment: binding.Segment) -> set[str]:
        switches = self._types[compute.switch_type]
        physnet = segment[api.PHYSICAL_NETWORK]
        return {
            host for host, other in switches.of_type().items() if switches.shares(compute, other, physnet)
        }

    def _is_named_by_others(self, context: Any, mapped: Mapped, segment: binding.Segment) -> bool:
        hosts = self._sharing(self._settings.computes[mapped.compute_host], segment)
        others = mapping_table.list_of_network(context, mapped.network_id)
        return any(other.id != mapped.id and other.compute_host in hosts for other in others)

    def _check_unbound(self, context: Any, mapped: Mapped, hosts: Collection[str]) -> None:
        driver = conf.DRIVER_PREFIX + self._settings.computes[mapped.compute_host].switch_type
        bound = networks.list_bound(context, driver, hosts, mapped.network_id)
        if bound:
            raise StillUsed(
                name=mapped.port_group,
                network_id=mapped.network_id,
                hosts=", ".join(sorted({item.host for item in bound})),
            )


class _Naming:
    """One request, for its errors."""

    def __init__(self, network_id: str, port_group: str) -> None:
        self.network_id = network_id
        self.port_group = port_group

    def refused(self, reason: str) -> Refused:
        return Refused(name=self.port_group, network_id=self.network_id, reason=reason)

    def taken(self, reason: str) -> AlreadyTaken:
        return AlreadyTaken(name=self.port_group, network_id=self.network_id, reason=reason)

    def find(self, spots: Collection[Spot], inventory: Inventory, vlan_id: int) -> dict[Site, Group]:
        """The port group of that name on each switch that has it.

        Raises Refused where it does not fit, or is not where a VM may be placed now.
        """
        found: dict[Site, Group] = {}
        missing: list[str] = []
        for spot in spots:
            group = inventory.find(spot.site, self.port_group)
            if group is not None:
                self._check(group, Wanted(spot.site, self.network_id, vlan_id, self.port_group))
                found[spot.site] = group
            elif spot.ready:
                missing.append(spot.site.scope)
        if missing or not found:
            where = ", ".join(sorted(missing or {spot.site.scope for spot in spots}))
            raise self.refused(f"there is none of that name on {where}")
        return found

    def _check(self, group: Group, wanted: Wanted) -> None:
        try:
            check_group(group, wanted)
        except binding.BindingError as exc:
            raise self.refused(str(exc)) from exc
        if group.network_id not in {None, self.network_id}:
            raise self.taken(f"it was made for network {group.network_id}")

    def check_rows(self, context: Any, found: Collection[Site]) -> list[Row]:
        """Give the rows of deleted networks that it was named for: VMs on it are the administrator's matter.

        Raises AlreadyTaken where a network has another, or another network has this one.
        """
        ownerless = []
        for row in table.list_at(context, found):
            if row.network_id == self.network_id and row.name != self.port_group:
                raise self.taken(
                    f"the network has '{row.name}' on '{row.site.switch}' of {row.site.scope}; name a port "
                    "group before its first port is bound there, or after the one that it has is gone"
                )
            if row.network_id == self.network_id or row.name != self.port_group:
                continue
            if row.owned or row.state != table.DELETING:
                raise self.taken(f"it is the port group of network {row.network_id}")
            ownerless.append(row)
        return ownerless
