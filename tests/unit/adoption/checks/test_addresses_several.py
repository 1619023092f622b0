from tests.unit.adoption.builders import examine, nic, subjects_of, vm


def test_two_of_ipv4_count_and_one_of_each_does_not() -> None:
    two = vm(1, nics=(nic(addresses=("10.0.30.1/24", "10.0.30.7/24")),))
    dual = vm(2, nics=(nic(mac="00:50:56:00:02:00", addresses=("10.0.30.2/24", "2001:db8::2/64")),))
    assert subjects_of(examine("addresses-several", two, dual, vm(3))) == ["vm-1"]
