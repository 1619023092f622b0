"""Which fixed addresses are refused, and what Neutron is asked for it."""

from collections.abc import Callable
from typing import Any

import pytest
import webob.exc
from neutronclient.common import exceptions as neutron_exceptions
from nova import exception
from nova.context import RequestContext
from nova.network import neutron

from polyvisor.nova.api.checks import address

NETWORK = "33333333-3333-4333-8333-333333333333"
ELSEWHERE = "44444444-4444-4444-8444-444444444444"
OWNER = RequestContext("user", "project", is_admin=False)


def subnet(cidr: str, gateway: str | None = None, mode: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "network_id": NETWORK,
        "project_id": "project",
        "cidr": cidr,
        "gateway_ip": gateway,
        "ipv6_address_mode": mode,
        "ipv6_ra_mode": None,
    } | more


class Neutron:
    """Neutron with one network of the project, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.subnets = [
            subnet("192.0.2.0/24", "192.0.2.1"),
            subnet("198.51.100.8/31"),
            subnet("2001:db8::/64", "2001:db8::1"),
            subnet("2001:db8:1::/64", mode="slaac"),
            subnet("2001:db8:2::/64", ipv6_ra_mode="dhcpv6-stateless"),
        ]
        self.ports: list[dict[str, Any]] = []
        self.answer: Callable[[], Exception] = neutron_exceptions.BadRequest

    def list_subnets(self, network_id: list[str]) -> dict[str, Any]:
        self.asked.append("subnets")
        return {"subnets": [each for each in self.subnets if each["network_id"] in network_id]}

    def list_ports(self, network_id: list[str], fixed_ips: list[str], **_fields: Any) -> dict[str, Any]:
        self.asked.append("ports")
        return {
            "ports": [
                port
                for port in self.ports
                if port["network_id"] in network_id
                and any(f"ip_address={ip['ip_address']}" in fixed_ips for ip in port["fixed_ips"])
            ]
        }

    def create_port(self, _body: dict[str, Any]) -> None:
        self.asked.append("policy")
        raise self.answer()

    def add_port(self, ip: str, **more: Any) -> None:
        port = {"id": "a-port", "network_id": NETWORK, "project_id": "project", "device_id": ""}
        self.ports.append(port | {"fixed_ips": [{"ip_address": ip}]} | more)


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> Neutron:
    made = Neutron()
    monkeypatch.setattr(neutron, "get_client", lambda *_args, **_options: made)
    return made


def check(*addresses: str, count: int = 1, network: str = NETWORK) -> None:
    address.check(OWNER, [{"uuid": network, "fixed_ip": each} for each in addresses], count)


def test_nothing_is_asked_for_without_addresses(cloud: Neutron) -> None:
    # An address for a port is Nova's to refuse.
    nics = [{"uuid": NETWORK}, {"port": "a-port"}, {"port": "a-port", "fixed_ip": "192.0.2.7"}]
    address.check(OWNER, nics, count=2)
    assert cloud.asked == []


def test_many_are_asked_for_at_once(cloud: Neutron) -> None:
    check("192.0.2.7", "192.0.2.254", "198.51.100.9", "2001:db8::2", "2001:db8::ffff:ffff:ffff:ffff")
    assert cloud.asked == ["subnets", "ports"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("203.0.113.5", r"none of its subnets\. Name one of 192\.0\.2\.0/24, 198\.51\.100\.8/31, 2001:db8"),
        ("2001:db8:9::1", "none of its subnets"),
        ("192.0.2.0", "is the address of its subnet 192.0.2.0/24"),
        ("198.51.100.8", "is the address of its subnet"),
        ("2001:db8::", "is the address of its subnet"),
        ("192.0.2.255", "is the broadcast address of its subnet"),
        ("192.0.2.1", "is the gateway of its subnet .* make a port"),
        ("2001:0db8:0::1", "is the gateway of its subnet"),
        ("2001:db8:1::7", "made of MAC addresses in its subnet 2001:db8:1::/64"),
        ("2001:db8:2::7", "made of MAC addresses in its subnet 2001:db8:2::/64"),
    ],
)
def test_what_the_network_does_not_have(wrong: str, reason: str) -> None:
    with pytest.raises(
        webob.exc.HTTPBadRequest, match=rf"^Address [0-9a-f.:]+ on network {NETWORK} .*{reason}"
    ):
        check("192.0.2.7", wrong)


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        ({}, "is that of port a-port. Name that port instead"),
        ({"device_id": "a-server"}, "in use: port a-port of a-server"),
        ({"project_id": "another"}, "of a port of another project. Name another"),
    ],
)
def test_what_a_port_has(cloud: Neutron, port: dict[str, Any], reason: str) -> None:
    cloud.add_port("2001:db8::7", **port)
    with pytest.raises(webob.exc.HTTPConflict, match=reason):
        check("192.0.2.7", "2001:0db8::0007")


def test_another_network_may_have_the_same_addresses(cloud: Neutron) -> None:
    cloud.subnets.append(subnet("192.0.2.0/24", network_id=ELSEWHERE))
    cloud.add_port("192.0.2.7", network_id=ELSEWHERE)
    networks = [{"uuid": NETWORK, "fixed_ip": "192.0.2.7"}, {"uuid": ELSEWHERE, "fixed_ip": "192.0.2.1"}]
    address.check(OWNER, networks, 1)


def test_one_address_for_two(cloud: Neutron) -> None:
    with pytest.raises(webob.exc.HTTPBadRequest, match=r"2001:db8::7 .* twice"):
        check("2001:db8::7", "2001:0db8::7")
    with pytest.raises(webob.exc.HTTPBadRequest, match="several clones"):
        check("192.0.2.7", count=2)
    assert cloud.asked == []


def test_networks_that_the_user_does_not_see_are_left_to_nova(cloud: Neutron) -> None:
    cloud.add_port("192.0.2.7", network_id=ELSEWHERE)
    check("192.0.2.7", network=ELSEWHERE)
    assert cloud.asked == ["subnets"]


def test_policy_may_keep_a_network_of_others_to_its_owner(cloud: Neutron) -> None:
    cloud.subnets = [subnet("192.0.2.0/24", project_id="another")]
    check("192.0.2.7", "192.0.2.8")
    assert cloud.asked == ["subnets", "policy", "ports"]
    cloud.answer = exception.Forbidden
    with pytest.raises(webob.exc.HTTPBadRequest, match=r"Neutron's policy .* Name none; or have the owner"):
        check("192.0.2.7")
