"""Networks of Neutron for VLANs of vCenter, and who else may use them."""

from typing import Any

from polyvisor.adoption.clouds import ask, ask_gone, listing
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.journal import SHARED, Thing
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Network
from polyvisor.adoption.resources.shared import Found, ensure
from polyvisor.adoption.work import Work

KIND, SHARE = "network", "network-share"


def key(network: Network) -> str:
    """How the journal knows it: a VLAN of a physical network is one network, whatever its name."""
    return f"{network.physical_network}/{network.vlan or 'untagged'}"


def make(work: Work, network: Network, project: str) -> Thing:
    """Find or make the network.

    Args:
        project: id of the owner.

    Raises:
        AdoptionError: there is another one than the plan says, or OpenStack said no.
    """
    return ensure(
        work,
        Thing(SHARED, KIND, key(network)),
        lambda: _find(work, network),
        lambda: _create(work, network, project),
    )


def _find(work: Work, network: Network) -> Found | None:
    query = {"provider:physical_network": network.physical_network}
    if network.vlan:
        query["provider:segmentation_id"] = str(network.vlan)
    found = [
        item
        for item in listing(work.clouds.admin.network, "/networks", "networks", query)
        if item["provider:network_type"] == ("vlan" if network.vlan else "flat")
    ]
    if network.id and network.id not in {item["id"] for item in found}:
        # Whoever wrote the plan could have named any network: this is what keeps NICs on their own wire.
        named = {"network": network.network, "id": network.id, "key": key(network)}
        raise AdoptionError(say("network_is_other", **named))
    if not found:
        return None
    ours = found[0]["description"] == work.mark(SHARED, key(network))
    return found[0]["id"], ours


def _create(work: Work, network: Network, project: str) -> str:
    provider: dict[str, Any] = {
        "provider:network_type": "vlan" if network.vlan else "flat",
        "provider:physical_network": network.physical_network,
    }
    if network.vlan:
        provider["provider:segmentation_id"] = network.vlan
    names = {"name": network.network, "project_id": project, "description": work.mark(SHARED, key(network))}
    body = {"network": {**names, **provider}}
    return str(ask(work.clouds.admin.network, "POST", "/networks", body)["network"]["id"])


def share(work: Work, network: Network, there: Thing, project: str) -> None:
    """Let a project (id, or "*") use it.

    Raises:
        RefusedError: OpenStack said no.
    """
    thing = Thing(SHARED, SHARE, f"{key(network)} {project}")
    wanted = {"object_type": "network", "object_id": there.id, "target_tenant": project}
    neutron = work.clouds.admin.network

    def look() -> Found | None:
        found = next(listing(neutron, "/rbac-policies", "rbac_policies", wanted), None)
        return (found["id"], work.journal.thing(SHARED, SHARE, thing.key) is not None) if found else None

    def create() -> str:
        body = {"rbac_policy": {**wanted, "action": "access_as_shared"}}
        return str(ask(neutron, "POST", "/rbac-policies", body)["rbac_policy"]["id"])

    ensure(work, thing, look, create)


def find(work: Work, thing: Thing) -> str | None:
    """Id of what apply has made, of which no answer is known."""
    query = {"description": work.mark(SHARED, thing.key)}
    found = next(listing(work.clouds.admin.network, "/networks", "networks", query), None)
    return str(found["id"]) if found else None


def remove(work: Work, thing: Thing) -> None:
    """Delete what apply has made, if nothing uses it.

    Raises:
        RefusedError: something does (409), or OpenStack said no.
    """
    path = "/networks" if thing.kind == KIND else "/rbac-policies"
    ask_gone(work.clouds.admin.network, "DELETE", f"{path}/{thing.id}")
