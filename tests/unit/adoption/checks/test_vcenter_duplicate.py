from tests.unit.adoption.builders import VCENTER, discovery, examine, vm


def test_one_identity_at_two_addresses() -> None:
    found = examine("vcenter-duplicate", vm(1), others=[discovery(vm(2), address="copy:443")])
    assert [about for about, _ in found] == [VCENTER]
    assert examine("vcenter-duplicate", vm(1)) == []
