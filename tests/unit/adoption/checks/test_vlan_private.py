from tests.unit.adoption.builders import examine, segment, vm


def test_a_private_vlan_is_no_network() -> None:
    found = examine("vlan-private", vm(1), segments=[segment(tagging="private", vlan=None)])
    assert [finding.item for _, finding in found] == ["nic 4000"]
    assert examine("vlan-private", vm(1)) == []
