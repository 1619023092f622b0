"""Port groups of networks, by python-openstackclient: which there are, and one that is named by hand."""

from collections.abc import Iterator
from typing import Any

import pytest

# Of the sandbox's range, and of no network of it.
VLAN = 198
NAME = "Accounting"
SEGMENT = ("--provider-network-type", "vlan", "--provider-physical-network", "physnet1")


@pytest.fixture
def network(lab: Any) -> Iterator[str]:
    lab.govc("dvs.portgroup.add", "-dvs", "dvs1", "-vlan", str(VLAN), NAME)
    create = ("network", "create", *SEGMENT, "--provider-segment", str(VLAN), "accounting")
    made = lab.openstack_json(*create, as_cloud="admin")["id"]
    yield made
    lab.admin.network.delete_network(made)
    lab.govc("object.destroy", f"/dc1/network/{NAME}")


def test_administrators_see_by_which_switch_a_compute_service_reaches_a_physical_network(lab: Any) -> None:
    command = ("vmware", "physnet", "mapping", "list")
    every = lab.openstack_json(*command, as_cloud="admin")
    assert {"compute1", "compute2"} <= {row["Compute Host"] for row in every}
    only = ("--compute-host", "compute1", "--physical-network", "physnet1")
    [row] = lab.openstack_json(*command, *only, as_cloud="admin")
    assert row in every
    assert (row["Cluster"], row["Switch"], row["Switch Type"]) == ("cluster1", "dvs1", "dvs")
    assert lab.openstack_json(*command, "--switch", "none", as_cloud="admin") == []
    assert lab.openstack_json(*command) == []


def test_an_existing_port_group_is_named_for_a_network(lab: Any, network: str) -> None:
    mapping = ("vmware", "port", "group", "mapping")
    where = ("--network", "accounting", "--compute-host", "compute1")
    refused = lab.openstack(*mapping, "create", *where, "Nobody's", as_cloud="admin")
    assert refused.returncode != 0
    assert "there is none of that name on dc1" in refused.stderr
    forbidden = lab.openstack(*mapping, "create", "--network", network, "--compute-host", "compute1", NAME)
    assert forbidden.returncode != 0

    made = lab.openstack_json(*mapping, "create", *where, NAME, as_cloud="admin")
    assert (made["network_id"], made["port_group"]) == (network, NAME)
    assert made in [
        {"id": row["ID"], "network_id": row["Network"], "compute_host": row["Compute Host"]}
        | {"port_group": row["Port Group"]}
        for row in lab.openstack_json(*mapping, "list", as_cloud="admin")
    ]
    # Another API worker or not: what is bound now uses it.
    port = lab.admin.network.create_port(
        network_id=network, binding_host_id="compute1", device_owner="compute:nova"
    )
    assert port.binding_vif_details["dvs_port_group_name"] == NAME
    groups = ("vmware", "port", "group")
    [row] = lab.openstack_json(*groups, "list", "--network", "accounting", as_cloud="admin")
    assert (row["Name"], row["VLAN"], row["Owned"], row["State"]) == (NAME, VLAN, False, "active")
    shown = lab.openstack_json(*groups, "show", str(row["ID"]), as_cloud="admin")
    assert (shown["switch"], shown["scope"], shown["last_error"]) == ("dvs1", "dc1", None)

    used = lab.openstack(*mapping, "delete", made["id"], as_cloud="admin")
    assert "has ports on compute1" in used.stderr
    lab.admin.network.delete_port(port)
    assert lab.openstack(*mapping, "delete", made["id"], as_cloud="admin").returncode == 0
    assert lab.openstack_json(*groups, "list", "--network", "accounting", as_cloud="admin") == []
