"""Networks with their subnets, by Neutron."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import TOP, Batch, Found, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Networks that the account may see."""
    body = source.get("network", "/networks", limit=PAGE, marker=marker)
    subnets = _subnets(source) if body["networks"] else {}
    read = [found(one, subnets.get(one["id"], [])) for one in body["networks"]]
    return Batch(read, following(body, "networks"))


def _subnets(source: Source) -> dict[str, list[Item]]:
    of: dict[str, list[Item]] = defaultdict(list)
    marker = None
    while True:
        body = source.get("network", "/subnets", limit=PAGE, marker=marker)
        for one in body["subnets"]:
            of[one["network_id"]].append(_subnet(one))
        marker = following(body, "subnets")
        if marker is None:
            return of


def _subnet(subnet: Item) -> Item:
    names = ("id", "name", "cidr", "gateway_ip", "ip_version", "enable_dhcp", "allocation_pools")
    return {name: subnet.get(name) for name in names}


def found(network: Item, subnets: list[Item]) -> Found:
    """A network as Neutron tells of it."""
    return Found(
        Kind.NETWORK,
        network["id"],
        network.get("name") or "",
        network["status"],
        project_id=network.get("project_id") or network.get("tenant_id"),
        shared=bool(network.get("shared")),
        network=TOP,
        created=moment(network.get("created_at")),
        updated=moment(network.get("updated_at")),
        attributes={
            "subnets": sorted(subnets, key=lambda one: str(one["id"])),
            "external": network.get("router:external", False),
            "type": network.get("provider:network_type"),
            "physical_network": network.get("provider:physical_network"),
            "segment": network.get("provider:segmentation_id"),
            "mtu": network.get("mtu"),
            "admin_state_up": network.get("admin_state_up"),
            "description": network.get("description"),
        },
        words=tuple(str(one["cidr"]) for one in subnets),
    )


READER = Reader("network", (Kind.NETWORK,), page, seconds=30)
