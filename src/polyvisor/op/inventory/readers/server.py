"""Servers, by Nova: all, or those that have changed."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import origin
from polyvisor.op.inventory.found import TOP, Batch, Found, Parent, Ref, moment
from polyvisor.op.inventory.readers.base import PAGE, Item, Reader, Source, following

#: The flavor's size comes with the server since 2.47, tags since 2.26, the lock since 2.9.
_MICROVERSION = "2.73"
_POWER = {0: "unknown", 1: "running", 3: "paused", 4: "off", 6: "crashed", 7: "suspended"}
#: Nova's name of a cluster's node, ``<moref>.<vCenter's instance uuid>``.
_CLUSTER = re.compile(r"(domain-c\d+)\.([0-9a-f-]{36})")
#: With Polyvisor's plug-in, in servers that were adopted.
_ADOPTED = "os-server-adopt:adopted"
_EXTENDED = {
    "task_state": "OS-EXT-STS:task_state",
    "vm_state": "OS-EXT-STS:vm_state",
    "zone": "OS-EXT-AZ:availability_zone",
    "compute_host": "OS-EXT-SRV-ATTR:host",
    "hypervisor": "OS-EXT-SRV-ATTR:hypervisor_hostname",
    "launched_at": "OS-SRV-USG:launched_at",
    "user_id": "user_id",
    "key_name": "key_name",
    "locked": "locked",
    "description": "description",
    "progress": "progress",
}


def page(source: Source, marker: str | None, since: datetime | None) -> Batch:
    """Servers of all projects if the account may see them, else of its own. With ``since``, deleted ones too.

    A cell of Nova that does not answer is missing, or its servers come without anything but their ids.
    """
    body = source.get(
        "compute",
        "/servers/detail",
        source.microversion("compute", _MICROVERSION),
        limit=PAGE,
        marker=marker,
        all_tenants=1 if source.administrator else None,
        **{"changes-since": since.isoformat() if since else None},
    )
    known = [one for one in body["servers"] if "name" in one]
    partial = len(known) < len(body["servers"])
    return Batch([found(one) for one in known], following(body, "servers"), partial)


def found(server: Item) -> Found:
    """A server as Nova tells of it."""
    addresses = _addresses(server)
    flavor = server.get("flavor") or {}
    metadata = server.get("metadata") or {}
    words = [one["address"] for one in addresses] + [str(value) for value in metadata.values()]
    words += [str(flavor.get("original_name", "")), *server.get("tags", ())]
    one = Found(
        Kind.SERVER,
        server["id"],
        server["name"] or "",
        server.get("status") or "UNKNOWN",
        project_id=server.get("tenant_id"),
        place=_place(server),
        created=moment(server.get("created")),
        updated=moment(server.get("updated")),
        attributes=_attributes(server, addresses, flavor),
        words=tuple(words),
        deleted=server.get("status") in {"DELETED", "SOFT_DELETED"},
    )
    return origin.adopted(one) if server.get(_ADOPTED) else one


def _attributes(server: Item, addresses: list[Item], flavor: Item) -> Item:
    image = server.get("image") or {}
    fault = server.get("fault") or {}
    return {name: server.get(key) for name, key in _EXTENDED.items()} | {
        "power_state": _POWER.get(server.get("OS-EXT-STS:power_state") or 0, "unknown"),
        "addresses": addresses,
        "flavor": flavor.get("original_name"),
        "flavor_id": flavor.get("id"),
        "vcpus": flavor.get("vcpus"),
        "ram_mb": flavor.get("ram"),
        "disk_gb": flavor.get("disk"),
        "image_id": image.get("id"),
        "volume_ids": [one["id"] for one in server.get("os-extended-volumes:volumes_attached", ())],
        "metadata": server.get("metadata") or {},
        "cloud_tags": server.get("tags", []),
        "fault": fault.get("message"),
    }


def _addresses(server: Item) -> list[Item]:
    return [
        {
            "network": network,
            "address": one["addr"],
            "version": one["version"],
            "mac": one.get("OS-EXT-IPS-MAC:mac_addr"),
            "type": one.get("OS-EXT-IPS:type"),
        }
        for network, several in (server.get("addresses") or {}).items()
        for one in several
    ]


def _place(server: dict[str, Any]) -> Parent:
    """The cluster of a server on VMware, else its compute service, if the account may know."""
    if cluster := _CLUSTER.fullmatch(server.get("OS-EXT-SRV-ATTR:hypervisor_hostname") or ""):
        return Ref(Kind.CLUSTER, f"{cluster[2]}:{cluster[1]}")
    host = server.get("OS-EXT-SRV-ATTR:host")
    return Ref(Kind.COMPUTE_SERVICE, host) if host else TOP


READER = Reader("server", (Kind.SERVER,), page, seconds=2, incremental=True)
