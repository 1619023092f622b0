from tests.unit.adoption.builders import examine, segment, vm


def test_all_vlans_are_no_network() -> None:
    found = examine("vlan-trunk", vm(1), segments=[segment(tagging="trunk", vlan=None)])
    assert [finding.item for _, finding in found] == ["nic 4000"]
    assert examine("vlan-trunk", vm(1)) == []
