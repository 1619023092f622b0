from tests.unit.adoption.builders import examine, nic, rules, subjects_of, vm

SUBNET = [{"physical_network": "physnet1", "vlan": 30, "cidr": "10.0.30.0/24"}]


def test_outside_the_subnets_of_the_rules() -> None:
    stranger = vm(2, nics=(nic(mac="00:50:56:00:02:00", addresses=("192.0.2.7",)),))
    found = examine("address-outside", vm(1), stranger, book=rules(subnets=SUBNET))
    assert subjects_of(found) == ["vm-2"]


def test_what_the_guest_believes_is_a_subnet_too() -> None:
    assert examine("address-outside", vm(1)) == []


def test_nobody_knows_a_subnet() -> None:
    bare = vm(1, nics=(nic(addresses=("10.0.30.1",)),))
    assert subjects_of(examine("address-outside", bare)) == ["vm-1"]
