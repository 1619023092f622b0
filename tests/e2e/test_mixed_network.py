"""One VLAN for servers on KVM and on VMware, with real frames on the wire between the hosts.

The simulated ESXi hosts run no guests: a network namespace stands in for one, with the MAC address that
Neutron gave the server's port, in the VLAN that its port group has in vCenter.
"""

import contextlib
import dataclasses
import types
from collections.abc import Iterator
from typing import Any

import pytest

from polyvisor.sandbox import cloud, govc, inventory
from polyvisor.sandbox.kvm import wire

SUBNET = "198.51.100.0/24"
HOSTS = {f"esx{cluster}{host}" for cluster in (1, 2) for host in (1, 2, 3, 4)}
#: For anything, on a busy machine.
SECONDS = 240


@dataclasses.dataclass
class Net:
    """A network with a server on each kind of hypervisor; ``ports`` by kind."""

    network: Any
    servers: dict[str, Any]
    ports: dict[str, Any]

    def address(self, kind: str) -> str:
        return str(self.ports[kind].fixed_ips[0]["ip_address"])


def make_network(connection: Any, name: str, cidr: str = SUBNET) -> Any:
    network = connection.network.create_network(name=name)
    connection.network.create_subnet(network_id=network.id, name=name, ip_version=4, cidr=cidr)
    return network


def request(connection: Any, network: Any, kind: str, image: str, **arguments: Any) -> Any:
    return connection.compute.create_server(
        name=f"{network.name}-{kind}",
        image_id=connection.image.find_image(image).id,
        flavor_id=connection.compute.find_flavor("tiny").id,
        networks=[{"uuid": network.id}],
        **arguments,
    )


def make(connection: Any, name: str, images: dict[str, str]) -> Net:
    network = make_network(connection, name)
    servers = {kind: request(connection, network, kind, image) for kind, image in images.items()}
    for kind, server in servers.items():
        servers[kind] = connection.compute.wait_for_server(server, interval=0.5, wait=SECONDS)
    ports = {kind: next(connection.network.ports(device_id=one.id)) for kind, one in servers.items()}
    return Net(network, servers, ports)


def remove(connection: Any, net: Net) -> None:
    for server in net.servers.values():
        connection.compute.delete_server(server, ignore_missing=True)
    for server in net.servers.values():
        connection.compute.wait_for_delete(server, interval=0.5, wait=SECONDS)
    connection.network.delete_network(net.network)


@pytest.fixture(scope="module")
def mixed(lab: Any) -> Iterator[Net]:
    made = make(lab.tenant, "mixed", {"kvm": cloud.KVM_IMAGE, "vmware": cloud.IMAGE})
    yield made
    remove(lab.tenant, made)


@pytest.fixture(scope="module")
def others(lab: Any) -> Iterator[Net]:
    """Another tenant's network, with the same addresses."""
    made = make(lab.admin, "others", {"vmware": cloud.IMAGE})
    yield made
    remove(lab.admin, made)


def vlan_of(lab: Any, network: Any) -> int:
    return int(lab.admin.network.get_network(network.id).provider_segmentation_id)


def port_group(network: Any) -> str:
    return f"/{inventory.DATACENTER}/network/os-{network.id}"


@contextlib.contextmanager
def on_esxi(lab: Any, net: Net) -> Iterator[wire.StandIn]:
    vlan = govc.port_group_vlan(lab.settings, port_group(net.network))
    with wire.stand_in(lab.settings, net.ports["vmware"].mac_address, vlan) as guest_in_place:
        yield guest_in_place


def test_each_is_on_its_hypervisor_with_an_address_of_the_subnet(lab: Any, mixed: Net) -> None:
    hosts = {
        kind: lab.admin.compute.get_server(server.id).compute_host for kind, server in mixed.servers.items()
    }
    assert hosts["kvm"] == inventory.FIRST.kvm_host
    assert hosts["vmware"] in {cluster.compute for cluster in inventory.CLUSTERS}
    assert {port.status for port in mixed.ports.values()} == {"ACTIVE"}
    assert mixed.address("kvm") != mixed.address("vmware")


def test_the_port_group_has_the_networks_vlan_on_every_esxi_host(lab: Any, mixed: Net) -> None:
    assert govc.port_group_vlan(lab.settings, port_group(mixed.network)) == vlan_of(lab, mixed.network)
    references = govc.properties(lab.settings, port_group(mixed.network), "host")["host"]["_value"]
    names = {
        govc.properties(lab.settings, f"HostSystem:{one['value']}", "name")["name"] for one in references
    }
    assert names == HOSTS


def test_a_vmware_guest_has_dhcp_metadata_and_a_neighbour_on_kvm(lab: Any, mixed: Net) -> None:
    with on_esxi(lab, mixed) as guest_in_place, wire.capture(lab.settings) as frames:
        assert guest_in_place.lease() == mixed.address("vmware")
        assert guest_in_place.metadata("hostname").startswith(mixed.servers["vmware"].name)
        lab.until(lambda: guest_in_place.pings(mixed.address("kvm")), "the KVM server to answer", SECONDS)
    vlan = vlan_of(lab, mixed.network)
    assert wire.vlans(frames, mixed.ports["kvm"].mac_address) == {vlan}
    assert wire.vlans(frames, mixed.ports["vmware"].mac_address) == {vlan}


def test_the_kvm_guest_says_the_same_of_itself(lab: Any, mixed: Net) -> None:
    def console() -> str:
        return str(lab.tenant.compute.get_server_console_output(mixed.servers["kvm"])["output"])

    lab.until(lambda: "metadata says I am" in console(), "the KVM guest to have its metadata", SECONDS)
    assert f"address {mixed.address('kvm')}" in console()
    assert f"metadata says I am {mixed.servers['kvm'].name}" in console()


def test_two_tenants_with_the_same_addresses_see_nothing_of_each_other(
    lab: Any, mixed: Net, others: Net
) -> None:
    assert vlan_of(lab, mixed.network) != vlan_of(lab, others.network)
    with on_esxi(lab, mixed) as ours, on_esxi(lab, others) as theirs:
        with wire.capture(lab.settings) as frames, wire.capture(lab.settings, theirs) as seen_by_them:
            assert ours.lease() == mixed.address("vmware")  # by broadcasts, which all of a VLAN hear
            assert theirs.lease() == others.address("vmware")
            assert theirs.metadata("hostname").startswith(others.servers["vmware"].name)
            assert not theirs.pings(mixed.address("kvm"))
        our_mac, their_mac = (net.ports["vmware"].mac_address for net in (mixed, others))
        assert wire.vlans(frames, our_mac) == {vlan_of(lab, mixed.network)}
        assert wire.vlans(frames, their_mac) == {vlan_of(lab, others.network)}
        assert wire.vlans(seen_by_them, their_mac) == {0}
        assert wire.vlans(seen_by_them, our_mac) == set()


def test_a_router_joins_two_networks_for_vmware_guests(lab: Any, mixed: Net) -> None:
    """From a guest on ESXi to the gateway, and on to a port of Neutron's own in the other network."""
    api = lab.tenant.network
    other = make_network(lab.tenant, "routed", "203.0.113.0/24")
    router = api.create_router(name="between")
    subnets = [next(api.subnets(network_id=one.id)) for one in (mixed.network, other)]
    try:
        for subnet in subnets:
            api.add_interface_to_router(router, subnet_id=subnet.id)
        with on_esxi(lab, mixed) as guest_in_place:
            guest_in_place.lease()
            for subnet in subnets:
                lab.until(
                    lambda near=subnet.gateway_ip: guest_in_place.pings(near), f"{subnet.gateway_ip}", SECONDS
                )
    finally:
        for subnet in subnets:
            api.remove_interface_from_router(router, subnet_id=subnet.id)
        api.delete_router(router)
        api.delete_network(other)


def test_no_server_is_built_on_the_wrong_kind_of_hypervisor(lab: Any) -> None:
    api = lab.admin.compute
    network = types.SimpleNamespace(name="astray", id=lab.network)
    astray = [
        request(lab.admin, network, "wish", cloud.KVM_IMAGE, metadata={"vmware:host": "esx12"}),
        request(lab.admin, network, "esxi", cloud.KVM_IMAGE, host="compute1"),
        request(lab.admin, network, "kvm", cloud.IMAGE, host=inventory.FIRST.kvm_host),
    ]
    for server in astray:
        failed = api.wait_for_server(server, "ERROR", failures=["ACTIVE"], interval=0.5, wait=SECONDS)
        assert "No valid host" in failed.fault["message"]
        assert failed.compute_host is None
    for server in astray:
        api.delete_server(server)


def test_port_groups_are_kept_as_they_should_be_and_go_with_their_networks(lab: Any) -> None:
    """What an administrator does by hand in vCenter, and what Neutron makes of it."""
    networks = {name: make_network(lab.tenant, name) for name in ("lost", "changed", "in-use")}
    ports = {
        name: lab.admin.network.create_port(
            network_id=network.id, binding_host_id="compute1", device_owner="compute:nova", device_id=name
        )
        for name, network in networks.items()
    }
    paths = {name: port_group(network) for name, network in networks.items()}
    lab.until(lambda: all(exists(lab, path) for path in paths.values()), "port groups to be made", SECONDS)
    vlan = govc.port_group_vlan(lab.settings, paths["changed"])

    lab.govc("object.destroy", paths["lost"])
    lab.govc("dvs.portgroup.change", "-vlan", str(vlan % 4000 + 1), paths["changed"])
    lab.govc("vm.network.change", "-vm", "app-001", "-net", paths["in-use"], "ethernet-0")
    lab.until(lambda: exists(lab, paths["lost"]), "the group deleted by hand", SECONDS)
    lab.until(lambda: govc.port_group_vlan(lab.settings, paths["changed"]) == vlan, "a repair", SECONDS)

    for name, network in networks.items():
        lab.admin.network.delete_port(ports[name])
        lab.tenant.network.delete_network(network)
    # The three have been unused equally long: when the two are gone, the grace of the third is over too.
    lab.until(
        lambda: not exists(lab, paths["lost"]) and not exists(lab, paths["changed"]),
        "unused groups to go",
        SECONDS,
    )
    assert exists(lab, paths["in-use"])
    lab.govc("vm.network.change", "-vm", "app-001", "-net", "VM Network", "ethernet-0")
    lab.until(lambda: not exists(lab, paths["in-use"]), "the last one to go", SECONDS)


def exists(lab: Any, path: str) -> bool:
    return path in lab.govc("find", "/", "-type", "g").splitlines()
