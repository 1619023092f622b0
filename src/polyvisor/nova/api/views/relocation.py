"""The dry run of a relocation as the API shows it."""

from typing import Any

from nova.objects.instance import Instance

from polyvisor.nova import rpc
from polyvisor.nova.api.computes import Compute
from polyvisor.nova.api.views import base

Item = dict[str, Any]


def candidates(server: Instance, found: list[tuple[Compute, rpc.Answer]]) -> Item:
    """Return the hosts and datastores of all clusters, each with whether the server can be moved there."""
    return {
        "server_id": server.uuid,
        "hosts": [item for _compute, answer in found for item in _items(answer, "hosts")],
        "datastores": [item for _compute, answer in found for item in _items(answer, "datastores")],
    }


def _items(answer: rpc.Answer, kind: str) -> list[Item]:
    vcenter, cluster = answer["vcenter"]["uuid"], answer["cluster"]
    return [
        {
            **base.reference(vcenter, item["moref"], item["name"]),
            "cluster": base.reference(vcenter, cluster["moref"], cluster["name"]),
            "ok": item["ok"],
            "reasons": item["reasons"],
        }
        for item in answer[kind]
    ]
