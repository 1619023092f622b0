"""Subnets: without DHCP and without addresses to give away, as VMs have all of them already."""

from typing import Any

from polyvisor.adoption.clouds import ask, ask_gone, listing
from polyvisor.adoption.journal import SHARED, Thing
from polyvisor.adoption.plan import Network, Subnet
from polyvisor.adoption.resources import network as networks
from polyvisor.adoption.resources.shared import Found, ensure
from polyvisor.adoption.work import Work

KIND = "subnet"


def make(work: Work, network: Network, there: Thing, subnet: Subnet, project: str) -> Thing:
    """Find or make a subnet of a network.

    Raises:
        RefusedError: OpenStack said no.
    """
    key = f"{networks.key(network)} {subnet.cidr}"

    def find() -> Found | None:
        query = {"network_id": there.id, "cidr": subnet.cidr}
        found = next(listing(work.clouds.admin.network, "/subnets", "subnets", query), None)
        return (found["id"], found["description"] == work.mark(SHARED, key)) if found else None

    def create() -> str:
        body: dict[str, Any] = {
            "network_id": there.id,
            "project_id": project,
            "ip_version": 6 if ":" in subnet.cidr else 4,
            "cidr": subnet.cidr,
            "gateway_ip": subnet.gateway,
            "enable_dhcp": False,
            "allocation_pools": [],
            "description": work.mark(SHARED, key),
        }
        return str(ask(work.clouds.admin.network, "POST", "/subnets", {"subnet": body})["subnet"]["id"])

    return ensure(work, Thing(SHARED, KIND, key), find, create)


def find(work: Work, thing: Thing) -> str | None:
    """Id of what apply has made, of which no answer is known."""
    query = {"description": work.mark(SHARED, thing.key)}
    found = next(listing(work.clouds.admin.network, "/subnets", "subnets", query), None)
    return str(found["id"]) if found else None


def remove(work: Work, thing: Thing) -> None:
    """Delete one that apply has made.

    Raises:
        RefusedError: something uses it (409), or OpenStack said no.
    """
    ask_gone(work.clouds.admin.network, "DELETE", f"/subnets/{thing.id}")
