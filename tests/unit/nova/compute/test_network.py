"""What is read once for servers that are adopted at about the same time."""

import time

import pytest
from nova.context import RequestContext
from nova.network import neutron

from polyvisor.nova.compute.network import ComputeNetworkAPI
from tests.unit.nova.neutron_double import NETWORK, Neutron


@pytest.fixture
def context() -> RequestContext:
    return RequestContext("user", "project", roles=["member"])


def read(api: neutron.API, context: RequestContext, cloud: Neutron) -> list[str]:
    """What is asked of Neutron for one more server."""
    cloud.asked.clear()
    [network] = api._get_available_networks(context, "project", [NETWORK], cloud)
    [subnet] = api._get_subnets_from_port(context, cloud.port, cloud)
    assert (network["name"], subnet["cidr"], subnet["ips"]) == ("vlan-30", "10.0.0.0/24", [])
    # As Nova does with what it was given.
    subnet["ips"].append("10.0.0.4")
    network.clear()
    return cloud.asked


def test_networks_and_subnets_are_kept_for_a_while(
    cloud: Neutron, context: RequestContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = ComputeNetworkAPI()._adopting
    assert "networks" in read(api, context, cloud)
    assert read(api, context, cloud) == []
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert "networks" in read(api, context, cloud)


def test_each_user_is_shown_networks_by_his_own_rights(cloud: Neutron, context: RequestContext) -> None:
    api = ComputeNetworkAPI()._adopting
    read(api, context, cloud)
    assert read(api, RequestContext("other", "project", roles=["member"]), cloud) == ["networks"]
    assert read(api, RequestContext("user", "project", roles=["admin"]), cloud) == ["networks"]


def test_servers_of_an_image_get_what_is_the_case_now(cloud: Neutron, context: RequestContext) -> None:
    api = ComputeNetworkAPI()
    assert read(api, context, cloud) == read(api, context, cloud) != []
