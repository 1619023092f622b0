"""The ports that a new server is asked to have."""

from collections.abc import Mapping, Sequence
from typing import Any

import webob.exc
from nova.context import RequestContext
from nova.network import neutron

Port = Mapping[str, Any]


def read(owner: RequestContext, nics: Sequence[Mapping[str, Any]]) -> Sequence[Port]:
    """Return the ports that a request names, all of them as Neutron shows them to Nova.

    :param nics: as in a request: `{"port"}`, or what names no port.
    :raises webob.exc.HTTPBadRequest: the project has no such port.
    :raises webob.exc.HTTPConflict: one is in use.
    """
    wanted = [nic["port"] for nic in nics if "port" in nic]
    if not wanted:
        return ()
    ports: Sequence[Port] = neutron.get_client(owner, admin=True).list_ports(id=wanted)["ports"]
    found = {port["id"]: port for port in ports}
    for each in wanted:
        _check(owner, each, found.get(each))
    return ports


def _check(owner: RequestContext, wanted: str, port: Port | None) -> None:
    if port is None or port["project_id"] != owner.project_id:
        # Neutron shows the owner of a network the ports of others there, and Nova builds with none of them.
        raise webob.exc.HTTPBadRequest(
            explanation=f"Project {owner.project_id} has no port {wanted}. Name one of its own, or a network."
        )
    if port["device_id"]:
        addresses = ", ".join(fixed["ip_address"] for fixed in port["fixed_ips"]) or "none"
        raise webob.exc.HTTPConflict(
            explanation=f"Port {wanted} on network {port['network_id']}, address {addresses}, is in use by "
            f"{port['device_id']}. Name a port that is free, or the network."
        )
