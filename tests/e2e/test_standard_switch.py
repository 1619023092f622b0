"""Standard port groups are on every host of a cluster, also on one that comes later."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

SECONDS = 120
HOSTS = ["esx21", "esx22", "esx23", "esx24"]
NEW_HOST = "esx25"


@pytest.fixture
def network(lab: Any) -> Iterator[Any]:
    """A network with a port on cluster2, the port not on a VM."""
    made = lab.tenant.network.create_network(name="standard")
    lab.admin.network.create_port(
        network_id=made.id, binding_host_id="compute2", device_owner="compute:nova", device_id="standard"
    )
    yield made
    for port in lab.admin.network.ports(network_id=made.id):
        lab.admin.network.delete_port(port)
    lab.tenant.network.delete_network(made, ignore_missing=True)


def add_host(lab: Any) -> None:
    """Add a host to cluster2. It stays: vCenter lets none go that is a member of a distributed switch."""
    account = ("-username", "root", "-password", "unused", "-noverify")
    lab.govc("cluster.add", "-cluster", "cluster2", "-hostname", NEW_HOST, *account)


def vlan(lab: Any, network: Any, host: str) -> int | None:
    """VLAN of the network's port group on a host, by govc; None without one."""
    groups = json.loads(lab.govc("host.portgroup.info", "-host", host, "-json"))["portgroup"]
    return next((group["spec"]["vlanId"] for group in groups if group["spec"]["name"] == network.id), None)


@pytest.mark.usefixtures("standard_switches")
def test_port_groups_are_on_every_host(lab: Any, network: Any) -> None:
    wanted = lab.admin.network.get_network(network.id).provider_segmentation_id
    lab.until(lambda: all(vlan(lab, network, host) == wanted for host in HOSTS), "port groups", SECONDS)

    add_host(lab)
    lab.until(lambda: vlan(lab, network, NEW_HOST) == wanted, "the group on the new host", SECONDS)

    lab.govc("host.portgroup.remove", "-host", "esx21", network.id)
    lab.govc("host.portgroup.change", "-host", "esx22", "-vlan-id", str(wanted % 4000 + 1), network.id)
    lab.until(lambda: vlan(lab, network, "esx21") == wanted, "the group removed by hand", SECONDS)
    lab.until(lambda: vlan(lab, network, "esx22") == wanted, "a repair", SECONDS)

    for port in lab.admin.network.ports(network_id=network.id):
        lab.admin.network.delete_port(port)
    lab.tenant.network.delete_network(network)
    lab.until(lambda: not any(vlan(lab, network, host) for host in [*HOSTS, NEW_HOST]), "all to go", SECONDS)
