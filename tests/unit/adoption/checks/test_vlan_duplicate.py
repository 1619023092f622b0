from tests.unit.adoption.builders import examine, nic, segment, vm

STANDARD = segment(
    "office",
    moref="network-1",
    key="office",
    type="standard",
    switch="vSwitch0",
    switch_uuid=None,
    hosts=("host-1",),
)


def test_two_port_groups_of_one_vlan() -> None:
    twin = segment("VLAN 30 again", moref="dvportgroup-31", key="dvportgroup-31")
    [(about, finding)] = examine("vlan-duplicate", vm(1), segments=[segment(), twin])
    assert about == "physnet1-vlan-30"
    assert "dvs1/VLAN 30, dvs1/VLAN 30 again" in finding.says


def test_one_vlan_of_two_physical_networks() -> None:
    second = vm(2, nics=(nic(backing="standard", network="office", switch_uuid=None),))
    found = examine("vlan-duplicate", vm(1), second, segments=[segment(), STANDARD])
    assert sorted(about for about, _ in found) == ["physnet1-vlan-30", "physnet2-vlan-30"]


def test_one_port_group_is_nothing_remarkable() -> None:
    assert examine("vlan-duplicate", vm(1)) == []
