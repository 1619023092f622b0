"""POST /os-server-adopt."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import webob.exc
from nova import block_device, exception, objects
from nova.api import validation
from nova.api.openstack import common, wsgi
from nova.compute import flavors
from nova.context import RequestContext
from nova.network import neutron
from nova.objects.flavor import Flavor
from nova.objects.instance import Instance

from polyvisor.nova import origin, rpc
from polyvisor.nova.adoption import Adoption
from polyvisor.nova.api import building, computes
from polyvisor.nova.api.computes import Compute
from polyvisor.nova.api.policies import adoption as policies
from polyvisor.nova.api.schemas import adoption as schema
from polyvisor.nova.api.views import adoption as view
from polyvisor.nova.origin import Bounds, Origin
from polyvisor.vsphere import ticket

Request = dict[str, Any]
Port = Mapping[str, Any]
_IMAGE: dict[str, Any] = {"id": None, "status": "active", "properties": {}}


@wsgi.response(202)
@validation.schema(schema.CREATE)
def create(req: wsgi.Request, body: dict[str, Request]) -> dict[str, Any]:
    """Make a server of a VM that is there: `{"server": {"id", "name", "links"}}`."""
    context = req.environ["nova.context"]
    context.can(policies.CREATE, target={})
    request = body["server"]
    owner = copy.copy(context)
    owner.project_id = request.get("project_id", context.project_id)
    adoption = _adoption(request, owner.project_id)
    flavor = _flavor(context, request["flavor"])
    site = _Site.find(context, request["vm"].partition(":")[0], adoption, request.get("volumes", ()))
    _check_flavor(flavor, site.vm)
    ports = _read_ports(owner, request["ports"])
    _check_ports(owner, request["ports"], ports, site.vm)
    with building.http_errors():
        return view.show(req, _create(owner, request, flavor, _api(site, adoption, ports)))


def _adoption(request: Request, project: str) -> Adoption:
    vcenter, _, vm = request["vm"].partition(":")
    uuid = request["instance_uuid"].lower()
    digest = ticket.digest_of(
        request["ticket"], vcenter=vcenter.lower(), vm=vm, instance_uuid=uuid, project=project
    )
    return Adoption(vm, uuid, digest, console=request.get("console", False))


def _flavor(context: RequestContext, flavor: str) -> Flavor:
    try:
        return flavors.get_flavor_by_flavor_id(context, flavor, read_deleted="no")
    except exception.FlavorNotFound as error:
        raise webob.exc.HTTPBadRequest(explanation=error.format_message()) from error


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a VM is, and what it is.

    :ivar node: Nova's name of the cluster's compute node.
    :ivar vm: as `rpc.PolyvisorAPI.check_adoption` says.
    """

    node: str
    vm: Mapping[str, Any]

    @classmethod
    def find(
        cls, context: RequestContext, vcenter: str, adoption: Adoption, volumes: Sequence[str]
    ) -> "_Site":
        """Ask a compute service of the vCenter; any of them sees all of it.

        :raises webob.exc.HTTPBadRequest: none manages the vCenter, or the VM's cluster.
        :raises webob.exc.HTTPError: the VM cannot be taken over.
        """
        found = computes.find(context).computes
        of_vcenter = [each for each in found if origin.vcenter_of(each.node) == vcenter.lower()]
        if not of_vcenter:
            raise webob.exc.HTTPBadRequest(
                explanation=f"No compute service manages vCenter {vcenter}. Name it by its instance UUID."
            )

        def ask(cell: RequestContext, host: str) -> rpc.Answer:
            return rpc.PolyvisorAPI().check_adoption(cell, host, asdict(adoption), volumes)

        asked = next((each for each in of_vcenter if each.up), of_vcenter[0])
        vm = computes.ask_one(asked, ask)["vm"]
        node = f"{vm['cluster']}.{vcenter.lower()}"
        _require_open(vm, next((each for each in of_vcenter if each.node == node), None))
        return cls(node, vm)


def _require_open(vm: Mapping[str, Any], compute: Compute | None) -> None:
    if compute is None:
        raise webob.exc.HTTPBadRequest(
            explanation=f"VM {vm['name']} is in a cluster that no compute service manages. Move it in "
            "vCenter, or set up a compute service for the cluster."
        )
    if compute.disabled or not compute.up:
        state = "disabled" if compute.disabled else "down"
        raise webob.exc.HTTPServiceUnavailable(
            explanation=f"Compute service {compute.host}, which manages the cluster of VM {vm['name']}, is "
            f"{state}. Adopt the VM when it is not."
        )


def _check_flavor(flavor: Flavor, vm: Mapping[str, Any]) -> None:
    if (flavor.vcpus, flavor.memory_mb) != (vm["cpus"], vm["memory_mb"]):
        raise webob.exc.HTTPBadRequest(
            explanation=f"VM {vm['name']} has {vm['cpus']} CPUs and {vm['memory_mb']} MB of memory, and "
            f"flavor {flavor.flavorid} has {flavor.vcpus} and {flavor.memory_mb}. Choose one of that size."
        )
    if flavor.memory_mb % 4:
        raise webob.exc.HTTPBadRequest(
            explanation=f"The memory of VM {vm['name']}, {vm['memory_mb']} MB, is not a multiple of 4 MB, "
            "which Nova's driver requires. Change it in vCenter."
        )
    if flavor.ephemeral_gb or flavor.swap:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Flavor {flavor.flavorid} has ephemeral or swap disks, which an adopted VM does not "
            "get. Choose one without."
        )


def _read_ports(owner: RequestContext, wanted: Sequence[Request]) -> Sequence[Port]:
    if not wanted:
        return ()
    listed = neutron.API().list_ports(owner.elevated(), id=[each["port"] for each in wanted])
    found: Sequence[Port] = listed["ports"]
    return found


def _check_ports(
    owner: RequestContext, wanted: Sequence[Request], found: Sequence[Port], vm: Mapping[str, Any]
) -> None:
    """See that each port is that of the NIC. Whether the project may use it, Nova asks."""
    ports = {port["id"]: port for port in found}
    nics = {nic["key"]: nic for nic in vm["nics"]}
    for each in wanted:
        port, nic = ports.get(each["port"]), nics.get(each["nic"])
        if port is None or port["project_id"] != owner.project_id:
            reason = f"Project {owner.project_id} has no port {each['port']}."
        elif nic is None:
            keys = ", ".join(map(str, nics)) or "none"
            reason = f"VM {vm['name']} has no network adapter {each['nic']}. Its adapters: {keys}."
        elif port["mac_address"].lower() != nic["mac"]:
            reason = (
                f"Port {each['port']} has the MAC address {port['mac_address']}, and network adapter "
                f"{each['nic']} of VM {vm['name']} has {nic['mac']}. Make the port with that address."
            )
        else:
            continue
        raise webob.exc.HTTPBadRequest(explanation=reason)


def _api(site: _Site, adoption: Adoption, ports: Sequence[Port]) -> building.OriginAPI:
    bounds = Bounds(origin.vcenter_of(site.node), site.node)
    marks = origin.to_metadata(Origin.ADOPT, bounds) | adoption.to_metadata()
    return building.OriginAPI(_IMAGE, marks, ports)


def _create(owner: RequestContext, request: Request, flavor: Flavor, api: building.OriginAPI) -> Instance:
    ports = [objects.NetworkRequest(port_id=each["port"]) for each in request["ports"]]
    servers, _reservation = api.create(
        owner,
        flavor,
        "",
        min_count=1,
        max_count=1,
        display_name=common.normalize_name(request["name"]),
        display_description=request.get("description"),
        metadata=request.get("metadata", {}),
        requested_networks=objects.NetworkRequestList(
            objects=ports or [objects.NetworkRequest(network_id="none")]
        ),
        block_device_mapping=[_mapping(volume) for volume in request.get("volumes", ())],
        legacy_bdm=False,
        config_drive=False,
        scheduler_hints={},
        supports_port_resource_request=True,
    )
    return servers[0]


def _mapping(volume: str) -> block_device.BlockDeviceDict:
    mapping = {
        "source_type": "volume",
        "destination_type": "volume",
        "uuid": volume,
        "boot_index": None,
        "delete_on_termination": False,
    }
    return block_device.BlockDeviceDict.from_api(mapping, image_uuid_specified=False)
