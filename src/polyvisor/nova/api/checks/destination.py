"""Where in the cloud a new server is to be built, as far as its request says so."""

from dataclasses import dataclass
from typing import Any

from nova.api.openstack import api_version_request, wsgi
from nova.compute.api import API

from polyvisor.nova import origin
from polyvisor.nova.api.computes import Compute


@dataclass(frozen=True, slots=True)
class Destination:
    """The constraints of a request on the compute service. None means that any will do.

    :ivar vcenter: instance UUID of its vCenter.
    """

    zone: str | None = None
    host: str | None = None
    node: str | None = None
    vcenter: str | None = None

    def why_not(self, compute: Compute) -> str | None:
        """Return why Nova would not build on that compute, as the end of a sentence about it, or None."""
        if compute.disabled:
            return "is disabled for new servers"
        if self.host is not None and compute.host != self.host:
            return f"is not the requested compute host {self.host}"
        if self.node is not None and compute.node != self.node:
            return f"is not the requested hypervisor {self.node}"
        if self.zone is not None and compute.zone != self.zone:
            return f"belongs to availability zone {compute.zone}, not to {self.zone}"
        if self.vcenter is not None and origin.vcenter_of(compute.node) != self.vcenter:
            return "belongs to another vCenter"
        return None


def of(req: wsgi.Request, server: dict[str, Any]) -> Destination:
    """Read the destination from the `server` object of a creation request.

    :raises nova.exception.InvalidInput: the availability zone is not one of `zone`, `zone:host`,
        `zone:host:node` or `zone::node`.
    """
    zone = server.get("availability_zone")
    zone, host, node = API.parse_availability_zone(
        req.environ["nova.context"], zone if isinstance(zone, str) else None
    )
    if host or node:
        # Nova then takes the host for what it is, whatever zone was written before it.
        return Destination(host=host, node=node)
    if not req.is_legacy_v2() and api_version_request.is_supported(req, "2.74"):
        host, node = server.get("host"), server.get("hypervisor_hostname")
    return Destination(zone=zone, host=host, node=node)
