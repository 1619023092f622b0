"""Read what OpenStack has in bulk: one list for each kind of resource, never one call for each."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import openstack
from keystoneauth1.exceptions import ClientException

from polyvisor.adoption.cloud import (
    Cloud,
    CloudFlavor,
    CloudNetwork,
    CloudPort,
    CloudServer,
    CloudSubnet,
    Compute,
    Room,
    Switch,
)
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.message import say

_PLACEMENT_VERSION: Final = "1.39"
_NOT_FOUND: Final = 404
#: As Neutron's drivers call the types of switches -> as `Segment` does.
_SWITCH_TYPES: Final = {"dvs": "distributed", "vss": "standard"}
#: What openstacksdk raises; a login that fails is an exception of keystoneauth1.
REFUSALS: Final = (openstack.exceptions.SDKException, ClientException)


def read_cloud(connection: Any) -> Cloud:
    """Read what adoption compares with.

    Args:
        connection: of openstacksdk, as an administrator of the whole cloud.

    Raises:
        AdoptionError: OpenStack refused, or did not answer.
    """
    try:
        return Cloud(
            projects={item.id: item.name for item in connection.identity.projects()},
            servers=tuple(map(_server, connection.compute.servers(all_projects=True))),
            ports=tuple(map(_port, connection.network.ports())),
            networks=tuple(map(_network, connection.network.networks())),
            subnets=tuple(map(_subnet, connection.network.subnets())),
            flavors=tuple(map(_flavor, connection.compute.flavors(is_public=None, get_extra_specs=True))),
            computes=_computes(connection),
            switches=_switches(connection),
        )
    except REFUSALS as exc:
        raise AdoptionError(say("openstack_unread", text=exc)) from exc


def read_rooms(connection: Any, projects: Iterable[str]) -> dict[str, Room]:
    """What the quotas of some projects (ids) leave.

    Raises:
        AdoptionError: OpenStack refused, or did not answer.
    """
    try:
        return {project: _room(connection, project) for project in projects}
    except REFUSALS as exc:
        raise AdoptionError(say("quotas_unread", text=exc)) from exc


def _server(item: Any) -> CloudServer:
    return CloudServer(item.id, item.name, item.project_id, item.hypervisor_hostname)


def _port(item: Any) -> CloudPort:
    addresses = tuple(fixed["ip_address"] for fixed in item.fixed_ips or ())
    return CloudPort(item.id, str(item.mac_address).lower(), item.network_id, addresses)


def _network(item: Any) -> CloudNetwork:
    vlan = item.provider_segmentation_id if item.provider_network_type == "vlan" else None
    return CloudNetwork(
        id=item.id,
        name=item.name,
        project=item.project_id,
        shared=bool(item.is_shared),
        type=item.provider_network_type,
        physical_network=item.provider_physical_network,
        vlan=int(vlan) if vlan else None,
    )


def _subnet(item: Any) -> CloudSubnet:
    pools = tuple((pool["start"], pool["end"]) for pool in item.allocation_pools or ())
    return CloudSubnet(item.id, item.network_id, item.cidr, item.gateway_ip, pools)


def _flavor(item: Any) -> CloudFlavor:
    plain = not item.extra_specs and not item.ephemeral and not item.swap
    return CloudFlavor(
        item.id, item.name, int(item.vcpus), int(item.ram), int(item.disk), bool(item.is_public), plain
    )


def _computes(connection: Any) -> dict[str, Compute]:
    """The compute services that have a VMware cluster; Nova names their nodes "moref.vCenter UUID"."""
    found = {}
    for item in connection.compute.hypervisors(details=True):
        if item.hypervisor_type == "VMware vCenter Server":
            left = _left(connection, item.id)
            host = str(item.service_details["host"])
            found[item.name] = Compute(host, item.name, left.get("VCPU"), left.get("MEMORY_MB"))
    return found


def _switches(connection: Any) -> dict[str, dict[str, Switch]]:
    """By which switch each compute service reaches each physical network; {} if Neutron has no such list."""
    answer = connection.network.get("/vmware-physnet-mappings")
    if answer.status_code == _NOT_FOUND:
        return {}
    openstack.exceptions.raise_from_response(answer)
    found: dict[str, dict[str, Switch]] = defaultdict(dict)
    for item in answer.json()["vmware_physnet_mappings"]:
        switch = Switch(item["switch"], _SWITCH_TYPES[item["switch_type"]])
        found[item["compute_host"]][item["physical_network"]] = switch
    return found


def _left(connection: Any, provider: str) -> dict[str, int]:
    """What a resource provider still has, of each class."""
    usages = _placement(connection, provider, "usages")["usages"]
    inventories = _placement(connection, provider, "inventories")["inventories"]
    return {
        name: int((item["total"] - item["reserved"]) * item["allocation_ratio"]) - usages.get(name, 0)
        for name, item in inventories.items()
    }


def _placement(connection: Any, provider: str, what: str) -> Any:
    path = f"/resource_providers/{provider}/{what}"
    answer = connection.placement.get(path, microversion=_PLACEMENT_VERSION)
    openstack.exceptions.raise_from_response(answer)
    return answer.json()


def _room(connection: Any, project: str) -> Room:
    compute = connection.compute.get_quota_set(project, usage=True)
    network = connection.network.get_quota(project, details=True)
    ports = network.ports
    room = Room(
        instances=_rest(compute, "instances"),
        cores=_rest(compute, "cores"),
        ram_mb=_rest(compute, "ram"),
        ports=_limit(ports["limit"], ports["used"] + int(ports.get("reserved") or 0)),
    )
    if not connection.has_service("block-storage"):
        return room
    volume = connection.block_storage.get_quota_set(project, usage=True)
    return Room(
        room.instances,
        room.cores,
        room.ram_mb,
        room.ports,
        _rest(volume, "volumes"),
        _rest(volume, "gigabytes"),
    )


def _rest(quota: Any, name: str) -> int | None:
    return _limit(getattr(quota, name), int((quota.usage or {}).get(name) or 0))


def _limit(limit: Any, used: int) -> int | None:
    return None if limit is None or int(limit) < 0 else int(limit) - used
