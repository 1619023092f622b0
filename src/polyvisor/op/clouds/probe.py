"""What a cloud can do, found out by asking it: nothing is concluded from a release's number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

#: Names of the catalogue -> name of openstacksdk's proxy.
_PROXIES = {
    "compute": "compute",
    "volumev3": "block_storage",
    "block-storage": "block_storage",
    "network": "network",
    "image": "image",
    "placement": "placement",
    "identity": "identity",
}
_NO_ANSWER = (
    sdk.ForbiddenException,
    sdk.NotFoundException,
    sdk.ServiceDisabledException,
    keystone.EndpointNotFound,
    keystone.Forbidden,
)
#: Neutron's alias of Polyvisor's port groups.
_PORT_GROUPS = "vmware-port-group"


def probe(connection: Any) -> dict[str, Any]:
    """Everything that a cloud can do, as far as its account may see.

    Keys: ``services`` {type: {"min", "max"} microversions, None where it has none}, ``regions``,
    ``compute_extensions``, ``network_extensions``, ``hypervisor_types``, ``polyvisor`` {name: bool} for our
    plug-ins, ``administrator``. What the account may not see, or what is not there, is None.
    Raises what openstacksdk raises if the cloud does not answer or does not accept the credential.
    """
    connection.session.get_token()  # not ``authorize``, which hides what went wrong
    catalog = connection.service_catalog
    types = sorted({service["type"] for service in catalog})
    network_extensions = _ask(lambda: sorted(one.alias for one in connection.network.extensions()))
    return {
        "services": {kind: _microversions(connection, kind) for kind in types},
        "regions": sorted({end["region"] for service in catalog for end in service["endpoints"]}),
        "compute_extensions": _ask(lambda: sorted(one.alias for one in connection.compute.extensions())),
        "network_extensions": network_extensions,
        "hypervisor_types": _ask(lambda: _hypervisor_types(connection)),
        "polyvisor": {
            "compute": _ask(lambda: _knows(connection, "/os-vmware-hosts")) or False,
            "port_groups": _PORT_GROUPS in (network_extensions or ()),
        },
        "administrator": _ask(lambda: bool(list(connection.identity.projects(limit=1)))) or False,
    }


def _ask(question: Callable[[], Any]) -> Any:
    """The answer; None if the account may not ask, or the service or what is asked for is not there."""
    try:
        return question()
    except _NO_ANSWER:
        return None


def _microversions(connection: Any, kind: str) -> dict[str, str | None]:
    proxy = getattr(connection, _PROXIES.get(kind, ""), None)
    data = None if proxy is None else _ask(proxy.get_endpoint_data)
    low, high = (data.min_microversion, data.max_microversion) if data else (None, None)
    return {"min": _dotted(low), "max": _dotted(high)}


def _dotted(version: tuple[int, ...] | None) -> str | None:
    return ".".join(map(str, version)) if version else None


def _hypervisor_types(connection: Any) -> list[str]:
    return sorted({one.hypervisor_type for one in connection.compute.hypervisors(details=True)})


def _knows(connection: Any, path: str) -> bool:
    """Whether Nova knows a path of ours; a refusal is an answer too."""
    status: int = connection.compute.get(path).status_code
    return status in {200, 403}
