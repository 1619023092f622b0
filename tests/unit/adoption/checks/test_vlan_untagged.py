from tests.unit.adoption.builders import examine, segment, vm


def test_the_network_is_what_it_is_about() -> None:
    found = examine("vlan-untagged", vm(1), segments=[segment(tagging="untagged", vlan=None)])
    assert [about for about, _ in found] == ["physnet1-untagged"]
    assert examine("vlan-untagged", vm(1)) == []
