"""POST /servers/{server_id}/action: os-server-clone."""

import copy
from typing import Any

import webob.exc
from nova import context as nova_context
from nova import exception, objects, utils
from nova.api import validation
from nova.api.openstack import common, identity, wsgi
from nova.api.openstack.compute.servers import ServersController
from nova.compute import utils as compute_utils
from nova.compute import vm_states
from nova.compute.api import API
from nova.context import RequestContext
from nova.network import neutron
from nova.objects.instance import Instance
from nova.policies import servers as server_policies

from polyvisor.nova import customization, dependants, origin, rpc, wish
from polyvisor.nova.api import building, computes, volumes
from polyvisor.nova.api.checks import address, place, port
from polyvisor.nova.api.checks.destination import Destination
from polyvisor.nova.api.policies import clone as policies
from polyvisor.nova.api.schemas import clone as schema
from polyvisor.nova.api.views import clone as view
from polyvisor.nova.clone import Clone
from polyvisor.nova.origin import Bounds, Origin

ACTION = "os-server-clone"
_ATTRIBUTES = ["metadata", "system_metadata", "flavor", "info_cache"]
_LONGEST_NAME = 255
_WINDOWS_NAME = 15
"""Characters: NetBIOS has no room for more."""
_VM_STATES = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.SUSPENDED)

Request = dict[str, Any]


@wsgi.response(202)
@validation.schema(schema.CREATE)
def create(req: wsgi.Request, server_id: str, body: dict[str, Request]) -> dict[str, Any]:
    """Make new servers as copies of one: `{"servers": [{"id", "name", "links"}, ...]}`."""
    context = req.environ["nova.context"]
    request = body[ACTION]
    source = _source(context, server_id)
    owner = _owner(context, source, request)
    metadata = _metadata(source, request)
    compute = computes.managing(context, source)
    count = request.get("count", 1)
    _check_name(request)
    _check_linked(request)
    asked = _ask(compute, source, request.get("snapshot"))["source"]
    _check_customization(request.get("customization", {}), asked["guest"], count)
    _check_windows_name(request)
    copied = _volumes(compute, owner, source, request, asked)
    clone = _clone(source, request, asked, copied)
    disk_bytes = 0 if clone.linked else asked["disk_bytes"]
    disk_bytes += sum(asked["volumes"][volume] for volume in clone.volumes.values())
    bounds = _bounds(owner, source, metadata, disk_bytes * count)
    nics = request.get("networks", [])
    address.check(owner, nics, count)
    ports = port.read(owner, nics)
    power_on = request.get("power_on", True)
    marks = origin.to_metadata(Origin.CLONE, bounds, power_on=power_on) | clone.to_metadata()
    api = building.OriginAPI(building.image_of(source), marks, ports)
    _mark(compute, source)
    objects.InstanceAction.action_start(compute.cell, source.uuid, ACTION, want_result=False)
    with (
        building.http_errors(),
        compute_utils.EventReporter(compute.cell, "polyvisor_clone_request", None, source.uuid),
    ):
        servers = _create(owner, source, request | {"metadata": metadata}, copied, api)
    return view.index(req, servers)


def _source(context: RequestContext, server_id: str) -> Instance:
    with nova_context.target_cell(context, None) as lookup:
        source = common.get_instance(API(), lookup, server_id, expected_attrs=_ATTRIBUTES)
    context.can(policies.CREATE, target={"project_id": source.project_id})
    if source.vm_state not in _VM_STATES or source.task_state is not None:
        state = source.task_state or source.vm_state
        raise webob.exc.HTTPConflict(
            explanation=f"Server {server_id} cannot be cloned while it is {state}. It must be "
            f"{', '.join(_VM_STATES[:-1])} or {_VM_STATES[-1]}, and nothing else under way."
        )
    return source


def _check_name(request: Request) -> None:
    """Refuse what Nova would take and then fail to store, and leave for ever in BUILD."""
    if len(_longest_name(request)) > _LONGEST_NAME:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Several clones are numbered, and '{_longest_name(request)}' is longer than "
            f"{_LONGEST_NAME} characters. Give a shorter name."
        )


def _longest_name(request: Request) -> str:
    count = request.get("count", 1)
    return str(request["name"]) + (f"-{count}" if count > 1 else "")


def _check_linked(request: Request) -> None:
    if request.get("linked") and "snapshot" not in request:
        raise webob.exc.HTTPBadRequest(explanation="A linked clone is made of a snapshot. Name one.")


def _clone(source: Instance, request: Request, asked: Request, copied: list[volumes.Copied]) -> Clone:
    return Clone(
        source.uuid,
        request.get("snapshot"),
        linked=request.get("linked", False),
        vm=asked["vm"],
        state=asked["snapshot"],
        volumes={volume.device: volume.volume for volume in copied},
    )


def _mark(compute: computes.Compute, source: Instance) -> None:
    try:
        with source.obj_alternate_context(compute.cell):
            dependants.mark(source)
    except exception.InstanceUpdateConflict as error:
        raise webob.exc.HTTPConflict(explanation=error.format_message()) from error


def _owner(context: RequestContext, source: Instance, request: Request) -> RequestContext:
    """Return the context of whom the clone will belong to."""
    project = request.get("project_id", context.project_id)
    if project == source.project_id:
        # Of an administrator too, who has named it.
        return _in_project(context, project)
    if "project_id" not in request:
        raise webob.exc.HTTPBadRequest(
            explanation=f"Server {source.uuid} is not of your project. Name the project that is to have the "
            f"clone, as project_id; that of the server is {source.project_id}."
        )
    context.can(policies.CREATE_ELSEWHERE, target={"project_id": source.project_id})
    if "networks" not in request:
        raise webob.exc.HTTPBadRequest(
            explanation="A clone in another project is not put on the networks of the server. Name networks."
        )
    # Nova would make the server, for nobody.
    identity.verify_project_id(context, project)
    return _in_project(context, project)


def _in_project(context: RequestContext, project: str) -> RequestContext:
    owner = copy.copy(context)
    owner.project_id = project
    return owner


def _metadata(source: Instance, request: Request) -> dict[str, str]:
    """Return the metadata of the clone: those asked for, else the source's without its wish."""
    kept = {key: value for key, value in source.metadata.items() if not wish.is_key(key)}
    metadata = dict(request.get("metadata", kept))
    for key, name in ((wish.HOST_KEY, "host"), (wish.DATASTORE_KEY, "datastore")):
        if name not in request:
            continue
        if any(given.lower() == key for given in metadata):
            raise webob.exc.HTTPBadRequest(explanation=f"Give {name} or metadata {key}, not both.")
        metadata[key] = request[name]
    return metadata


def _ask(compute: computes.Compute, source: Instance, snapshot: str | None) -> Any:
    return computes.ask_one(
        compute, lambda cell, _host: rpc.PolyvisorAPI().get_clone_source(cell, source, snapshot)
    )


def _volumes(
    compute: computes.Compute, owner: RequestContext, source: Instance, request: Request, asked: Request
) -> list[volumes.Copied]:
    """Return the volumes that are copied too; by the source's device names, which the copies get."""
    mappings = objects.BlockDeviceMappingList.get_by_instance_uuid(compute.cell, source.uuid)
    if request.get("volumes") == "omit":
        if (root := mappings.root_bdm()) is not None and root.is_volume:
            raise webob.exc.HTTPBadRequest(
                explanation=f"Server {source.uuid} boots from volume {root.volume_id}. A clone needs a copy."
            )
        return []
    with building.http_errors():
        copied = volumes.copied(owner, source, mappings, request.get("snapshot"), asked["volumes"])
    volumes.check_quota(owner, copied, request.get("count", 1))
    return copied


def _check_customization(request: Request, guest: str, count: int) -> None:
    kind = request.get("type", "auto")
    if kind in ("linux", "windows") and kind != guest:
        raise webob.exc.HTTPBadRequest(
            explanation=f"The guest's system is {guest} for vCenter, and cannot be customized as {kind}."
        )
    if "hostname" in request and count > 1:
        raise webob.exc.HTTPBadRequest(
            explanation="Several clones cannot have one hostname. Leave it out: they have it of their names."
        )
    if "user_data" in request and kind != "cloud-init":
        raise webob.exc.HTTPBadRequest(explanation="user_data is for customization of type cloud-init only.")
    if "sysprep" in request and kind != "windows":
        raise webob.exc.HTTPBadRequest(explanation="sysprep is for customization of type windows only.")


def _check_windows_name(request: Request) -> None:
    """Refuse what Windows would cut off: two clones would have one name in their domain."""
    customized = request.get("customization", {})
    if customized.get("type") != "windows":
        return
    name = customized.get("hostname") or utils.sanitize_hostname(_longest_name(request))
    if not name or len(name) > _WINDOWS_NAME or name.isdigit():
        raise webob.exc.HTTPBadRequest(
            explanation=f"Windows cannot be called '{name}': a computer's name has 1 to {_WINDOWS_NAME} "
            "characters, and not only digits. Give the clone another name, or name customization.hostname."
        )


def _bounds(owner: RequestContext, source: Instance, metadata: dict[str, str], disk_bytes: int) -> Bounds:
    """Keep the clone in the vCenter of the source, and in its cluster if no other place was asked for."""
    vcenter = origin.vcenter_of(source.node)
    wanted = place.read_wish(metadata)
    if wanted is None:
        return Bounds(vcenter, source.node)
    place.authorize(owner, owner.project_id)
    place.check(owner, wanted, disk_bytes if wanted.datastore else 0, Destination(vcenter=vcenter))
    return Bounds(vcenter)


def _create(
    owner: RequestContext,
    source: Instance,
    request: Request,
    copied: list[volumes.Copied],
    api: building.OriginAPI,
) -> list[Instance]:
    target = {"project_id": owner.project_id, "user_id": owner.user_id, "availability_zone": None}
    owner.can(server_policies.SERVERS % "create", target)
    count = request.get("count", 1)
    customized = dict(request.get("customization", {}))
    user_data = customized.pop("user_data", None)
    servers, _reservation = api.create(
        owner,
        source.flavor,
        source.image_ref or "",
        min_count=count,
        max_count=count,
        display_name=common.normalize_name(request["name"]),
        display_description=source.display_description,
        key_name=request.get("key_name"),
        security_groups=_security_groups(owner, source),
        metadata=request["metadata"],
        requested_networks=_networks(owner, source, request, target),
        config_drive=bool(source.config_drive),
        scheduler_hints={},
        user_data=user_data,
        injected_files=customization.to_files(customized),
        block_device_mapping=volumes.mappings_of(copied, source.image_ref or None),
        legacy_bdm=False,
        check_server_group_quota=True,
        supports_multiattach=True,
        supports_port_resource_request=True,
    )
    return list(servers)


def _networks(
    owner: RequestContext, source: Instance, request: Request, target: dict[str, Any]
) -> objects.NetworkRequestList:
    same = [{"uuid": vif["network"]["id"]} for vif in source.get_network_info()]
    asked: dict[str, Any] = {}
    # Nova's own, for its checks and its policy.
    ServersController()._process_networks_for_create(  # noqa: SLF001
        owner, target, {"networks": request.get("networks", same) or "none"}, asked
    )
    return asked["requested_networks"]


def _security_groups(owner: RequestContext, source: Instance) -> list[str]:
    """Return the ids of the source's groups; in another project they would be unknown."""
    if owner.project_id != source.project_id:
        return []
    found = neutron.API().list_ports(owner, device_id=source.uuid, fields=["security_groups"])
    return sorted({group for each in found["ports"] for group in each.get("security_groups", [])})
