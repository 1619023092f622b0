"""The place of a server as the API shows it, in full and opaque."""

from typing import Any

from nova.objects.instance import Instance
from nova.utils import generate_hostid

from polyvisor.nova import errors, rpc, wish
from polyvisor.nova.api.views import base

Item = dict[str, Any]


def placement(server: Instance, answer: rpc.Answer) -> Item:
    """Return everything: names, morefs and paths. `answer` is that of `rpc.PolyvisorAPI.get_placement`."""
    place = _with_ids(answer)
    return {
        "server_id": server.uuid,
        "opaque": False,
        "vcenter": answer["vcenter"],
        "service": {"host": server.host},
        **{key: place[key] for key in ("cluster", "host", "resource_pool", "folder", "vm", "datastore")},
        "disks": place["disks"],
        "requested": requested(server.metadata, place),
    }


def opaque(server: Instance, answer: rpc.Answer) -> Item:
    """Return only what tells whether two servers of one project are together, as Nova's `hostId` does."""
    place = _with_ids(answer)

    def hidden(reference: Item) -> str:
        return generate_hostid(reference["id"], server.project_id)

    wanted = requested(server.metadata, place)
    return {
        "server_id": server.uuid,
        "opaque": True,
        "vcenter_id": generate_hostid(answer["vcenter"]["uuid"], server.project_id),
        "cluster_id": place["cluster"] and hidden(place["cluster"]),
        "host_id": place["host"] and hidden(place["host"]),
        "datastore_ids": sorted({hidden(datastore) for datastore in _datastores(place) if datastore}),
        # The reason would name where the server is instead.
        "requested": wanted and {**wanted, "reason": None},
    }


def requested(metadata: dict[str, str], place: Item) -> Item | None:
    """Return what the server's metadata ask for, and whether it is so; None if they ask for nothing."""
    try:
        wanted = wish.read(metadata)
    except errors.WishInvalid as error:
        return {"host": None, "datastore": None, "fulfilled": False, "reason": error.format_message()}
    if wanted is None:
        return None
    reasons = [
        *_difference("ESXi host", wanted.host, [place["host"]]),
        *_difference("datastore", wanted.datastore, _datastores(place)),
    ]
    return {
        "host": wanted.host,
        "datastore": wanted.datastore,
        "fulfilled": not reasons,
        "reason": " ".join(reasons) or None,
    }


def _difference(kind: str, wanted: str | None, actual: list[Item | None]) -> list[str]:
    if wanted is None or all(item is not None and base.is_named(item, wanted) for item in actual):
        return []
    names = sorted({item["name"] for item in actual if item is not None}) or ["none"]
    return [f"{kind} {wanted} was asked for, but the VM is on {', '.join(names)}."]


def _datastores(place: Item) -> list[Item | None]:
    return [place["datastore"], *(disk["datastore"] for disk in place["disks"])]


def _with_ids(answer: rpc.Answer) -> Item:
    place = answer["placement"]
    vcenter = answer["vcenter"]["uuid"]

    def identified(reference: Item | None) -> Item | None:
        return reference and base.reference(vcenter, reference["moref"], reference["name"])

    references = {key: identified(place[key]) for key in ("vm", "host", "cluster", "datastore")}
    disks = [{**disk, "datastore": identified(disk["datastore"])} for disk in place["disks"]]
    return {**place, **references, "disks": disks}
