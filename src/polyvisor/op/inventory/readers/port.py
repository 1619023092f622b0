"""Ports, by Neutron."""

from __future__ import annotations

from datetime import datetime

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Batch, Found, Ref, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following


def page(source: Source, marker: str | None, _since: datetime | None) -> Batch:
    """Ports that the account may see."""
    body = source.get("network", "/ports", limit=PAGE, marker=marker)
    return Batch([found(one) for one in body["ports"]], following(body, "ports"))


def found(port: Item) -> Found:
    """A port as Neutron tells of it; one without a name is called by its address."""
    addresses = [one["ip_address"] for one in port.get("fixed_ips") or ()]
    of_server = port.get("device_id") and (port.get("device_owner") or "").startswith("compute:")
    return Found(
        Kind.PORT,
        port["id"],
        port.get("name") or (addresses[0] if addresses else port["mac_address"]),
        port["status"],
        project_id=port.get("project_id") or port.get("tenant_id"),
        network=Ref(Kind.NETWORK, port["network_id"]),
        server=Ref(Kind.SERVER, port["device_id"]) if of_server else None,
        created=moment(port.get("created_at")),
        updated=moment(port.get("updated_at")),
        attributes={
            "mac_address": port["mac_address"],
            "fixed_ips": port.get("fixed_ips") or [],
            "device_owner": port.get("device_owner"),
            "device_id": port.get("device_id"),
            "host": port.get("binding:host_id"),
            "vif_type": port.get("binding:vif_type"),
            "vnic_type": port.get("binding:vnic_type"),
            "security_groups": port.get("security_groups") or [],
            "admin_state_up": port.get("admin_state_up"),
        },
        words=(port["mac_address"], *addresses),
    )


READER = Reader("port", (Kind.PORT,), page, seconds=20)
