from tests.unit.adoption.builders import examine, nic, subjects_of, vm


def test_a_port_group_that_is_gone() -> None:
    found = examine("network-unknown", vm(1, nics=(nic(network="dvportgroup-99"),)), vm(2))
    assert subjects_of(found) == ["vm-1"]


def test_an_opaque_network() -> None:
    found = examine("network-unknown", vm(1, nics=(nic(backing="opaque", network="nsx"),)), vm(2))
    assert subjects_of(found) == ["vm-1"]
