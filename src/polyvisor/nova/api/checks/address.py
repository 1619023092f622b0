"""The fixed addresses that the NICs of a new server are asked to have.

Nova leaves most of it to Neutron, which refuses when the server is built, on one compute host after another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import webob.exc
from neutronclient.common.exceptions import NeutronClientException
from nova import exception
from nova.context import RequestContext
from nova.network import neutron

Item = Mapping[str, Any]
_DERIVED = ("slaac", "dhcpv6-stateless")
_NOWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there: it is the address that no subnet has


@dataclass(frozen=True, slots=True)
class _Wanted:
    network: str
    address: IPv4Address | IPv6Address

    def refusal(
        self, why: str, kind: type[webob.exc.HTTPError] = webob.exc.HTTPBadRequest
    ) -> webob.exc.HTTPError:
        return kind(explanation=f"Address {self.address} on network {self.network} {why}")


def check(owner: RequestContext, nics: Sequence[Item], count: int) -> None:
    """Refuse addresses that Neutron would not give, and those of gateways, which it would.

    What is wrong with the networks themselves, Nova says.

    :param nics: as in a request: `{"uuid", "fixed_ip"}`, `{"uuid"}` or `{"port"}` each.
    :param count: how many servers are to be made of the request.
    :raises webob.exc.HTTPBadRequest: the network has no such address, not for the user, or not for so many.
    :raises webob.exc.HTTPConflict: a port has it.
    """
    wanted = [
        _Wanted(nic["uuid"], ip_address(nic["fixed_ip"]))
        for nic in nics
        if {"uuid", "fixed_ip"} <= nic.keys()
    ]
    if not wanted:
        return
    for each in wanted:
        _check_once(each, wanted, count)
    networks = sorted({each.network for each in wanted})
    subnets = neutron.get_client(owner).list_subnets(network_id=networks)["subnets"]
    of = {each: [subnet for subnet in subnets if subnet["network_id"] == each.network] for each in wanted}
    known = [each for each in wanted if of[each]]
    for each in known:
        _check_subnet(each, of[each])
    for each in {each.network: each for each in known}.values():
        _check_policy(owner, each, of[each])
    _check_free(owner, known)


def _check_once(wanted: _Wanted, among: Sequence[_Wanted], count: int) -> None:
    if count > 1:
        raise wanted.refusal("cannot be that of several clones. Leave it out, or make them one by one.")
    if among.count(wanted) > 1:
        raise wanted.refusal("is asked for twice. Name another one for each NIC, or none.")


def _check_subnet(wanted: _Wanted, subnets: Sequence[Item]) -> None:
    subnet = next((each for each in subnets if wanted.address in _range(each)), None)
    if subnet is None:
        ranges = ", ".join(sorted(each["cidr"] for each in subnets))
        raise wanted.refusal(f"is in none of its subnets. Name one of {ranges}, or none.")
    if why := _why_not(wanted.address, subnet):
        raise wanted.refusal(f"{why} {subnet['cidr']}. Name another one, or none.")
    if str(wanted.address) == subnet["gateway_ip"]:
        raise wanted.refusal(
            f"is the gateway of its subnet {subnet['cidr']}. Name another one, or none. If the clone is to "
            "be the gateway, make a port with the address, and name that."
        )


def _why_not(address: IPv4Address | IPv6Address, subnet: Item) -> str | None:
    found = _range(subnet)
    if address == found.network_address:
        return "is the address of its subnet"
    # As Neutron counts, a subnet of two addresses has none.
    if found.version == 4 and found.num_addresses > 2 and address == found.broadcast_address:
        return "is the broadcast address of its subnet"
    if subnet["ipv6_address_mode"] in _DERIVED or subnet["ipv6_ra_mode"] in _DERIVED:
        return "cannot be chosen: addresses are made of MAC addresses in its subnet"
    return None


def _range(subnet: Item) -> IPv4Network | IPv6Network:
    return ip_network(subnet["cidr"], strict=False)


def _check_policy(owner: RequestContext, wanted: _Wanted, subnets: Sequence[Item]) -> None:
    """See whether the user may choose addresses on a network of another project."""
    if all(subnet["project_id"] == owner.project_id for subnet in subnets):
        return
    impossible = {"network_id": wanted.network, "fixed_ips": [{"ip_address": _NOWHERE}]}
    try:
        # Only Neutron knows its policy, which it asks first: whoever may hears that there is no such address.
        neutron.get_client(owner).create_port({"port": impossible})
    except exception.Forbidden as error:
        raise wanted.refusal(
            "cannot be chosen: Neutron's policy does not let you choose addresses there. Name none; or have "
            "the owner of the network make a port with it for the project, and name that."
        ) from error
    except NeutronClientException:
        pass


def _check_free(owner: RequestContext, wanted: Sequence[_Wanted]) -> None:
    if not wanted:
        return
    # Not as the user, who does not see whose ports there are on a network of all projects.
    found = neutron.get_client(owner, admin=True).list_ports(
        network_id=sorted({each.network for each in wanted}),
        fixed_ips=[f"ip_address={each.address}" for each in wanted],
        fields=["id", "network_id", "project_id", "device_id", "fixed_ips"],
    )
    ports = {
        _Wanted(port["network_id"], ip_address(fixed["ip_address"])): port
        for port in found["ports"]
        for fixed in port["fixed_ips"]
    }
    for each in wanted:
        if port := ports.get(each):
            raise each.refusal(_whose(port, owner), webob.exc.HTTPConflict)


def _whose(port: Item, owner: RequestContext) -> str:
    if port["project_id"] != owner.project_id:
        return "is that of a port of another project. Name another one, or none."
    if port["device_id"]:
        return f"is in use: port {port['id']} of {port['device_id']} has it. Name another one, or none."
    return f"is that of port {port['id']}. Name that port instead, or another address, or none."
