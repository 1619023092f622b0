"""Two vCenters with one instance UUID, as after copying the appliance, cannot be told apart."""

from collections import defaultdict
from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    addresses: dict[str, list[str]] = defaultdict(list)
    for discovery in context.discoveries:
        addresses[discovery.vcenter.uuid].append(discovery.vcenter.address)
    for uuid, found in addresses.items():
        if len(found) > 1:
            yield Found(uuid, say("vcenters_alike", vcenters=", ".join(found)))


CHECK = Check(
    severity="blocks",
    title="two vCenters with one instance UUID",
    way_out="Plan them one at a time if they are one vCenter, discovered twice. Else give one of them "
    "an identity of its "
    "own before anything manages both.",
    find=_find,
)
