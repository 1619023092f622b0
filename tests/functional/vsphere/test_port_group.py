"""Distributed switches and port groups of the simulator."""

import pytest
from pyVmomi import vim

from polyvisor.vsphere import faults
from polyvisor.vsphere.port_group import (
    PortGroup,
    create_port_group,
    list_port_groups,
    remove_port_group,
    update_port_group,
)
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.switch import Switch, find_switch, hosts_outside
from polyvisor.vsphere.task import wait_for_task
from tests.functional.vsphere.conftest import named

TIMEOUT = 10.0


@pytest.fixture
def dvs1(session: Session) -> Switch:
    return find_switch(session, "dc1", "dvs1")


def groups(session: Session, switch: Switch) -> dict[str, PortGroup]:
    return {group.name: group for group in list_port_groups(session, switch.datacenter)}


def make(session: Session, switch: Switch, name: str, vlan_id: int = 50) -> PortGroup:
    key, ref = create_port_group(
        session, switch.moref, name=name, vlan_id=vlan_id, description="why", timeout=TIMEOUT
    )
    made = groups(session, switch)[name]
    assert (made.key, made.moref) == (key, ref)
    return made


def test_a_switch_has_its_facts(session: Session, dvs1: Switch) -> None:
    switch = named(session, vim.DistributedVirtualSwitch, "dvs1")
    assert dvs1.uuid == session.call(lambda: switch.uuid)
    assert dvs1.mtu == 9000
    assert len(dvs1.members) == 8


def test_port_groups_of_others_are_listed_with_their_vlans(session: Session, dvs1: Switch) -> None:
    vlans = {name: group.vlan_id for name, group in groups(session, dvs1).items()}
    uplinks = [name for name in vlans if "Uplink" in name]
    assert len(uplinks) == 1
    assert vlans.pop(uplinks[0]) is None
    assert all(isinstance(vlan_id, int) for vlan_id in vlans.values())


def test_a_port_group_comes_and_goes(session: Session, dvs1: Switch) -> None:
    made = make(session, dvs1, "come-and-go", 4094)
    assert (made.switch, made.vlan_id, made.description) == (dvs1.moref, 4094, "why")
    remove_port_group(session, made.moref, name=made.name, timeout=TIMEOUT)
    assert "come-and-go" not in groups(session, dvs1)


def test_one_that_was_changed_is_made_right_again(session: Session, dvs1: Switch) -> None:
    made = make(session, dvs1, "changed", 61)
    update_port_group(session, made.moref, name="changed", vlan_id=62, description="another", timeout=TIMEOUT)
    now = groups(session, dvs1)["changed"]
    assert (now.moref, now.vlan_id, now.description, now.secure) == (made.moref, 62, "another", True)


def test_an_untagged_one_can_be_made(session: Session, dvs1: Switch) -> None:
    assert make(session, dvs1, "untagged", 0).vlan_id == 0


def test_a_name_is_given_once(session: Session, dvs1: Switch) -> None:
    make(session, dvs1, "once")
    with pytest.raises(faults.AlreadyExists):
        make(session, dvs1, "once")


def test_removing_what_is_gone_is_no_error(session: Session, dvs1: Switch) -> None:
    made = make(session, dvs1, "gone")
    remove_port_group(session, made.moref, name=made.name, timeout=TIMEOUT)
    remove_port_group(session, made.moref, name=made.name, timeout=TIMEOUT)


def test_a_host_in_maintenance_need_not_be_on_the_switch(session: Session, dvs1: Switch) -> None:
    assert hosts_outside(session, dvs1, "cluster1") == []
    nobody = Switch(dvs1.moref, dvs1.uuid, dvs1.name, dvs1.datacenter, dvs1.mtu, members=())
    assert hosts_outside(session, nobody, "cluster1") == ["esx11", "esx12", "esx13", "esx14"]
    host = named(session, vim.HostSystem, "esx14")
    wait_for_task(session, session.call(host.EnterMaintenanceMode_Task, timeout=0), timeout=TIMEOUT)
    assert hosts_outside(session, nobody, "cluster1") == ["esx11", "esx12", "esx13"]
    wait_for_task(session, session.call(host.ExitMaintenanceMode_Task, timeout=0), timeout=TIMEOUT)
