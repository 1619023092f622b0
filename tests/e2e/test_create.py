"""A tenant names an ESXi host and a datastore, and the server is there, by a witness that is not ours."""

from typing import Any

import openstack
import pytest


@pytest.mark.parametrize(
    ("wish", "host", "datastore"),
    [
        ({"host": "esx12", "datastore": "cluster1-ssd"}, "esx12", "cluster1-ssd"),
        ({"host": "esx23", "datastore": "esx23-local"}, "esx23", "esx23-local"),
        ({"host": "esx24"}, "esx24", None),
        ({"datastore": "cluster2-ssd"}, None, "cluster2-ssd"),
    ],
)
def test_the_server_is_where_it_was_asked_for(
    lab: Any, servers: list[Any], wish: dict[str, str], host: str | None, datastore: str | None
) -> None:
    server = lab.build("small", config_drive=True, **wish)
    servers.append(server)
    seen_host, seen_datastores = lab.place(server)
    if host:
        assert seen_host == host
    if datastore:
        assert seen_datastores == [datastore]


def test_typed_by_hand_as_a_tenant(lab: Any, servers: list[Any]) -> None:
    created = lab.openstack_json(
        *("server", "create", "--image", "tiny-vmdk", "--flavor", "tiny", "--network", "vlan-net", "--wait"),
        *("--property", "vmware:host=esx11", "--property", "vmware:datastore=shared2", "typed"),
    )
    servers.append(lab.tenant.compute.get_server(created["id"]))
    assert created["status"] == "ACTIVE"
    assert lab.place(servers[0]) == ("esx11", ["shared2"])


def test_a_host_can_be_named_by_its_moref(lab: Any, servers: list[Any]) -> None:
    moref = lab.govc("find", "-i", "/", "-type", "h", "-name", "esx13").strip().removeprefix("HostSystem:")
    servers.append(lab.build(host=moref))
    assert lab.place(servers[0])[0] == "esx13"


def test_two_at_once_on_one_datastore(lab: Any, servers: list[Any]) -> None:
    servers += [lab.request(datastore="shared1"), lab.request(datastore="shared1")]
    for server in servers:
        lab.wait(server, "ACTIVE")
        assert lab.place(server)[1] == ["shared1"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"host": "esx99"}, ["esx99"]),
        ({"datastore": "nowhere"}, ["nowhere"]),
        ({"host": "esx11", "datastore": "cluster2-ssd"}, ["esx11", "cluster2-ssd"]),
        ({"host": "esx11", "datastore": "esx12-local"}, ["esx11", "esx12-local"]),
        ({"host": ""}, ["vmware:host"]),
        ({"metadata": {"vmware:host": "esx11", "VMware:Host": "esx12"}}, ["vmware:host", "VMware:Host"]),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_built(
    lab: Any, wish: dict[str, Any], words: list[str]
) -> None:
    before = {server.id for server in lab.tenant.compute.servers()}
    with pytest.raises(openstack.exceptions.BadRequestException) as refused:
        lab.request(**wish)
    assert all(word in str(refused.value) for word in words), refused.value
    assert {server.id for server in lab.tenant.compute.servers()} == before


def test_a_host_in_maintenance_is_refused(lab: Any) -> None:
    lab.govc("host.maintenance.enter", "/dc1/host/cluster2/esx24")
    try:
        with pytest.raises(openstack.exceptions.BadRequestException, match=r"esx24.*maintenance"):
            lab.request(host="esx24")
    finally:
        lab.govc("host.maintenance.exit", "/dc1/host/cluster2/esx24")


def test_a_disconnected_host_is_refused(lab: Any) -> None:
    lab.govc("host.disconnect", "/dc1/host/cluster2/esx24")
    try:
        with pytest.raises(openstack.exceptions.BadRequestException, match=r"esx24.*connect"):
            lab.request(host="esx24")
    finally:
        lab.govc("host.reconnect", "/dc1/host/cluster2/esx24")


def test_a_datastore_too_small_for_the_flavor_is_refused(lab: Any) -> None:
    flavor = lab.admin.compute.create_flavor(name="e2e-huge", ram=128, vcpus=1, disk=1_000_000)
    try:
        with pytest.raises(openstack.exceptions.BadRequestException, match=r"shared1.*GiB"):
            lab.request("e2e-huge", datastore="shared1")
    finally:
        lab.admin.compute.delete_flavor(flavor)


def test_zone_and_wish_must_agree(lab: Any, servers: list[Any]) -> None:
    aggregate = lab.admin.compute.create_aggregate(name="e2e-zone-2", availability_zone="zone2")
    lab.admin.compute.add_host_to_aggregate(aggregate, "compute2")
    try:
        with pytest.raises(openstack.exceptions.BadRequestException, match=r"esx11.*zone2"):
            lab.request(host="esx11", availability_zone="zone2")
        servers.append(lab.build(host="esx21", availability_zone="zone2"))
        assert lab.place(servers[0])[0] == "esx21"
        lab.delete(servers[0])
    finally:
        lab.admin.compute.remove_host_from_aggregate(aggregate, "compute2")
        lab.admin.compute.delete_aggregate(aggregate)
