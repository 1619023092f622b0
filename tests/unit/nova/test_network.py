"""What Nova asks Neutron about ports, and what it does not."""

from typing import Any

import pytest
from nova.context import RequestContext
from nova.network.model import FixedIP, Network, NetworkInfo, Subnet
from nova.objects.instance import Instance
from nova.objects.instance_info_cache import InstanceInfoCache

from polyvisor.nova.network import KnownPorts, NetworkAPI
from tests.unit.nova.neutron_double import PORT, SERVER, Neutron


@pytest.fixture
def context() -> RequestContext:
    return RequestContext("user", "project")


def server(info: NetworkInfo) -> Instance:
    cache = InstanceInfoCache(network_info=info)
    return Instance(uuid=SERVER, project_id="project", info_cache=cache)


def told(context: RequestContext, instance: Instance) -> NetworkInfo:
    """What becomes of Nova's record when Neutron tells of a change of the port."""
    found: NetworkInfo = NetworkAPI()._build_network_info_model(context, instance, refresh_vif_id=PORT)
    return found


@pytest.fixture
def known(cloud: Neutron, context: RequestContext) -> Instance:
    """A server whose record was made of the port as it is."""
    old = NetworkInfo.hydrate(
        [{"id": PORT, "network": Network(subnets=[Subnet(ips=[FixedIP(address="10.0.0.9")])])}]
    )
    instance = server(NetworkInfo.hydrate(told(context, server(old)).json()))
    cloud.asked.clear()
    return instance


def test_what_nova_has_done_itself_is_not_read_again(
    cloud: Neutron, context: RequestContext, known: Instance
) -> None:
    assert told(context, known) == known.get_network_info()
    assert cloud.asked == ["port"]


@pytest.mark.parametrize("change", [{"revision_number": 8}, {"device_id": ""}])
def test_a_changed_port_is_read_anew(
    cloud: Neutron, context: RequestContext, known: Instance, change: dict[str, Any]
) -> None:
    cloud.port |= change | {"status": "DOWN"}
    assert not told(context, known)[0]["active"]
    assert "subnets" in cloud.asked


def test_a_floating_ip_is_seen_although_the_port_is_the_same(
    cloud: Neutron, context: RequestContext, known: Instance
) -> None:
    cloud.floating.append({"floating_ip_address": "203.0.113.7"})
    [vif] = told(context, known)
    assert [ip["address"] for ip in vif.floating_ips()] == ["203.0.113.7"]


def test_ports_that_were_just_read_are_not_asked_for(cloud: Neutron, context: RequestContext) -> None:
    api = KnownPorts(NetworkAPI(), [cloud.port])
    assert not api.is_remote_managed_port(context, PORT)
    assert api.show_port(context, PORT)["port"]["mac_address"] == cloud.port["mac_address"]
    assert cloud.asked == []


def test_what_the_user_is_not_shown_nova_asks_as_itself(cloud: Neutron, context: RequestContext) -> None:
    shown = {key: value for key, value in cloud.port.items() if not key.startswith("binding:")}
    api = KnownPorts(NetworkAPI(), [shown])
    api._get_port_vnic_info(context, cloud, PORT)
    assert cloud.asked == ["port"]
