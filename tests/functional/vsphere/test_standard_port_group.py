"""Port groups of standard switches of the simulator."""

from collections.abc import Iterator

import pytest
from pyVmomi import vim

from polyvisor.vsphere import faults
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.network import list_used_networks
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.standard_port_group import (
    HostNetwork,
    add_standard_port_group,
    list_host_networks,
    remove_standard_port_group,
    update_standard_port_group,
)
from polyvisor.vsphere.switch import find_datacenter


@pytest.fixture
def datacenter(session: Session) -> str:
    return find_datacenter(session, "dc1")


def host(session: Session, datacenter: str, name: str = "esx11") -> HostNetwork:
    return next(host for host in list_host_networks(session, datacenter) if host.name == name)


def system(host: HostNetwork) -> str:
    assert host.network_system is not None
    return host.network_system


def test_hosts_have_their_facts(session: Session, datacenter: str) -> None:
    hosts = list_host_networks(session, datacenter)
    assert {host.name for host in hosts} == {f"esx{cluster}{n}" for cluster in (1, 2) for n in range(1, 5)}
    one = host(session, datacenter)
    assert (one.connected, one.maintenance) == (True, False)
    assert "vSwitch0" in one.switches
    assert (one.port_groups["VLAN 20"].switch, one.port_groups["VLAN 20"].vlan_id) == ("vSwitch0", 20)


@pytest.fixture
def made(session: Session, datacenter: str) -> Iterator[str]:
    one = host(session, datacenter)
    add_standard_port_group(session, system(one), name="made", switch="vSwitch0", vlan_id=70)
    yield "made"
    remove_standard_port_group(session, system(one), "made")


def test_one_is_made_on_one_host_only(session: Session, datacenter: str, made: str) -> None:
    group = host(session, datacenter).port_groups[made]
    assert (group.switch, group.vlan_id, group.secure) == ("vSwitch0", 70, True)
    assert made not in host(session, datacenter, "esx12").port_groups


def test_one_that_was_changed_is_made_right_again(session: Session, datacenter: str, made: str) -> None:
    one = host(session, datacenter)
    update_standard_port_group(session, system(one), name=made, switch="vSwitch0", vlan_id=71)
    assert host(session, datacenter).port_groups[made].vlan_id == 71


def test_a_name_is_given_once_on_a_host(session: Session, datacenter: str, made: str) -> None:
    one, other = host(session, datacenter), host(session, datacenter, "esx12")
    with pytest.raises(faults.AlreadyExists):
        add_standard_port_group(session, system(one), name=made, switch="vSwitch0", vlan_id=70)
    add_standard_port_group(session, system(other), name=made, switch="vSwitch0", vlan_id=70)
    remove_standard_port_group(session, system(other), made)


def test_an_unknown_switch_is_not_found(session: Session, datacenter: str) -> None:
    with pytest.raises(faults.NotFound):
        add_standard_port_group(
            session, system(host(session, datacenter)), name="nowhere", switch="vSwitch9", vlan_id=1
        )


def test_one_in_use_is_listed_and_not_removed(session: Session, datacenter: str) -> None:
    used = list_used_networks(session, datacenter)
    networks = collect(session, vim.Network, ["vm"])
    assert used.keys() == {ref for ref, network in networks.items() if network.get("vm")}
    name = next(name for name in used.values() if name in {"VLAN 10", "VLAN 20", "VM Network"})
    refused = 0
    for one in list_host_networks(session, datacenter):
        try:
            remove_standard_port_group(session, system(one), name)
        except faults.InUse:
            refused += 1
    assert refused


def test_removing_what_is_gone_is_no_error(session: Session, datacenter: str) -> None:
    remove_standard_port_group(session, system(host(session, datacenter)), "never was")
