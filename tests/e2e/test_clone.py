"""Servers are cloned by the command line, on a whole cloud; vCenter is read by govc."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

Faults = Callable[[list[dict[str, Any]]], None]


def clone(lab: Any, servers: list[Any], source: Any, *arguments: str) -> list[Any]:
    """Clone a server by the command line."""
    made = lab.openstack_json("server", "vmware", "clone", source.id, "e2e-clone", *arguments)
    found = [lab.tenant.compute.get_server(row["ID"]) for row in made]
    servers.extend(found)
    return found


def macs(lab: Any, server: Any) -> list[str]:
    """MAC addresses of a server's VM."""
    (path,) = lab.govc("find", "/", "-type", "m", "-config.instanceUuid", server.id).splitlines()
    devices = json.loads(lab.govc("device.info", "-json", "-vm", path))["devices"]
    return [device["macAddress"] for device in devices if "macAddress" in device]


def ports(lab: Any, server: Any) -> list[Any]:
    return list(lab.tenant.network.ports(device_id=server.id))


def test_a_clone_is_a_server_of_its_own(lab: Any, servers: list[Any]) -> None:
    source = lab.build(host="esx12", datastore="shared1")
    servers.append(source)
    [copy] = clone(lab, servers, source, "--host", "esx13", "--datastore", "cluster1-ssd", "--wait")

    assert copy.status == "ACTIVE"
    assert lab.place(copy) == ("esx13", ["cluster1-ssd"])
    [port], [theirs] = ports(lab, copy), ports(lab, source)
    assert port.network_id == theirs.network_id
    assert port.fixed_ips[0]["ip_address"] != theirs.fixed_ips[0]["ip_address"]
    assert macs(lab, copy) == [port.mac_address]
    assert macs(lab, source) == [theirs.mac_address]

    lab.delete(source)
    lab.tenant.compute.stop_server(copy)
    lab.wait(copy, "SHUTOFF")
    [again] = clone(lab, servers, copy, "--power-off", "--no-network", "--wait")
    assert again.status == "SHUTOFF"
    assert macs(lab, again) == []


@pytest.fixture
def group(lab: Any) -> Iterator[Any]:
    """A security group of the tenant's."""
    made = lab.tenant.network.create_security_group(name="e2e-clone")
    yield made
    lab.tenant.network.delete_security_group(made)


@pytest.fixture
def network(lab: Any) -> Iterator[Any]:
    """A network of the tenant's own, on which Neutron lets it choose addresses."""
    made = lab.tenant.network.create_network(name="e2e-clone")
    lab.tenant.network.create_subnet(network_id=made.id, ip_version=4, cidr="198.51.100.0/24")
    lab.tenant.network.create_subnet(network_id=made.id, ip_version=6, cidr="2001:db8::/64")
    yield made
    lab.tenant.network.delete_network(made)


@pytest.fixture
def port(lab: Any, network: Any) -> Iterator[Any]:
    """A port that nobody has."""
    made = lab.tenant.network.create_port(network_id=network.id, fixed_ips=[{"ip_address": "198.51.100.71"}])
    yield made
    lab.tenant.network.delete_port(made)


def test_addresses_ports_and_groups_are_as_asked_for(
    lab: Any, group: Any, network: Any, port: Any, servers: list[Any]
) -> None:
    source = lab.build(security_groups=[{"name": group.name}], networks=[{"uuid": network.id}])
    servers.append(source)

    nic = f"net-id={network.name},fixed-ip=198.51.100.70"
    [copy] = clone(lab, servers, source, "--nic", nic, "--wait")
    [made] = ports(lab, copy)
    assert [each["ip_address"] for each in made.fixed_ips] == ["198.51.100.70"]
    assert made.security_group_ids == [group.id]

    # Neutron keeps it as 2001:db8::70.
    nic = f"net-id={network.name},fixed-ip=2001:0db8:0:0::70"
    [copy] = clone(lab, servers, source, "--nic", nic, "--wait")
    [made] = ports(lab, copy)
    assert [each["ip_address"] for each in made.fixed_ips] == ["2001:db8::70"]
    assert "2001:db8::70 on network" in refused(lab, source, "--nic", nic)

    [copy] = clone(lab, servers, source, "--port", port.id, "--wait")
    assert [each.id for each in ports(lab, copy)] == [port.id]
    assert macs(lab, copy) == [port.mac_address]


def refused(lab: Any, source: Any, *arguments: str) -> str:
    """Why a server is not cloned; no clone is made."""
    done = lab.openstack("server", "vmware", "clone", source.id, "e2e-refused", *arguments)
    assert done.returncode != 0
    assert lab.tenant.compute.find_server("e2e-refused") is None
    return str(done.stderr)


@pytest.fixture
def foreign(lab: Any, network: Any) -> Iterator[Any]:
    """A port of another project on the tenant's network."""
    made = lab.admin.network.create_port(network_id=network.id, fixed_ips=[{"ip_address": "198.51.100.72"}])
    yield made
    lab.admin.network.delete_port(made)


def test_addresses_and_ports_that_cannot_be_had_are_refused(
    lab: Any, network: Any, port: Any, foreign: Any, servers: list[Any]
) -> None:
    source = lab.build(networks=[{"uuid": network.id}])
    servers.append(source)
    [bound] = ports(lab, source)

    for address, reason in (
        ("203.0.113.5", "400: |none of its subnets"),
        ("2001:db8:1::5", "400: |none of its subnets"),
        ("198.51.100.0", "400: |the address of its subnet"),
        ("2001:db8::", "400: |the address of its subnet"),
        ("198.51.100.255", "400: |broadcast"),
        ("198.51.100.1", "400: |gateway"),
        ("198.51.100.71", f"409: |{port.id}"),
        ("198.51.100.72", "409: |of another project"),
        (bound.fixed_ips[0]["ip_address"], "409: |in use"),
    ):
        said = refused(lab, source, "--nic", f"net-id={network.id},fixed-ip={address}")
        for part in (address, network.id, *reason.split("|")):
            assert part in said

    nic = f"net-id={network.id},fixed-ip=198.51.100.80"
    assert "twice" in refused(lab, source, "--nic", nic, "--nic", nic)
    assert "several clones" in refused(lab, source, "--nic", nic, "--count", "2")
    # The network of all projects, on which Neutron's policy lets its owner choose only.
    shared = f"net-id={lab.network},fixed-ip=192.0.2.250"
    assert "policy" in refused(lab, source, "--nic", shared)
    assert "no port" in refused(lab, source, "--port", foreign.id)
    assert "409: " in refused(lab, source, "--port", bound.id)
    [action] = lab.tenant.compute.server_actions(source)
    assert action.action == "create"


def test_only_the_project_of_the_server_may_clone_it(lab: Any, servers: list[Any]) -> None:
    source = lab.build()
    servers.append(source)
    stolen = ("server", "vmware", "clone", source.id, "stolen", "--all-projects")
    refused = lab.openstack(*stolen, as_cloud="admin")
    assert refused.returncode != 0
    assert "Name the project" in refused.stderr
    for_nobody = ("--project", "nobody", "--no-network")
    refused = lab.openstack(*stolen, *for_nobody, as_cloud="admin")
    assert "nobody is not a valid project" in refused.stderr
    [given] = lab.openstack_json(*stolen, "--project", lab.tenant.current_project_id, as_cloud="admin")
    servers.append(lab.wait(lab.tenant.compute.get_server(given["ID"]), "ACTIVE"))
    refused = lab.openstack("server", "vmware", "clone", source.id, "x", "--host", "esx99")
    assert "esx99" in refused.stderr


@pytest.mark.parametrize(
    "slow",
    [
        {"method": "CloneVM_Task", "at": "task", "delay": "30s"},
        # This task takes no time in the simulator, so the call has to.
        {"method": "PowerOnVM_Task", "delay": "30s"},
    ],
    ids=lambda slow: slow["method"],
)
def test_a_clone_survives_the_death_of_its_compute_service(
    lab: Any, servers: list[Any], faults: Faults, slow: dict[str, Any]
) -> None:
    # With something to be done before it, the start is a step of its own.
    source = lab.build(host="esx12", datastore="shared1", has_config_drive=True)
    servers.append(source)
    faults([slow])
    [copy] = clone(lab, servers, source)

    def now() -> Any:
        return lab.tenant.compute.get_server(copy.id)

    if slow["method"] == "CloneVM_Task":
        lab.until(lambda: (now().progress or 0) > 0, "vCenter to copy", seconds=120)
    else:
        lab.until(lambda: lab.faults_hit() > 0, "the start of the VM", seconds=120)
    assert now().status == "BUILD"
    os.kill(lab.supervisor.states()["nova-compute1"]["pid"], signal.SIGKILL)
    lab.until(lambda: now().status == "ACTIVE", "the end of the build", seconds=240)
    faults([])
    [port] = ports(lab, copy)
    assert macs(lab, copy) == [port.mac_address]


def test_a_clone_that_is_deleted_ends_at_once(lab: Any, servers: list[Any], faults: Faults) -> None:
    source = lab.build(host="esx12", datastore="shared1")
    servers.append(source)
    faults([{"method": "CloneVM_Task", "at": "task", "delay": "600s"}])
    [copy] = clone(lab, servers, source)
    lab.until(
        lambda: (lab.tenant.compute.get_server(copy.id).progress or 0) > 0, "vCenter to copy", seconds=120
    )
    refused = lab.openstack("server", "delete", source.id)
    assert copy.id in refused.stderr
    lab.delete(copy)
    faults([])
    assert lab.traces(copy) == []
