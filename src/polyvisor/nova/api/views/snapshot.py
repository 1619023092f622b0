"""Snapshots as the API shows them."""

from typing import Any

from polyvisor.nova import rpc

Item = dict[str, Any]

_SHOWN = (
    *("id", "name", "description", "created", "state", "memory", "quiesced"),
    *("parent", "children", "current", "size_bytes"),
)


def snapshots(answer: rpc.Answer) -> Item:
    """Return all of a server, each before its children.

    `answer` is that of `rpc.PolyvisorAPI.list_snapshots`. Without morefs: to the owner, the id is as good.
    """
    return {
        "snapshots": [snapshot(found) for found in answer["snapshots"]],
        "consolidation_needed": answer["consolidation_needed"],
    }


def snapshot(found: Item) -> Item:
    """Return one, `asdict(vsphere.snapshot.Snapshot)`."""
    return {key: found[key] for key in _SHOWN}
