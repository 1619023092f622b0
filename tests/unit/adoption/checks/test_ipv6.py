from tests.unit.adoption.builders import examine, nic, vm


def test_global_addresses_count_and_link_local_ones_do_not() -> None:
    new = vm(1, nics=(nic(addresses=("2001:db8::1/64", "fe80::1/64")),))
    old = vm(2, nics=(nic(mac="00:50:56:00:02:00", addresses=("10.0.30.2/24", "fe80::2/64")),))
    [(about, finding)] = examine("ipv6", new, old)
    assert about.endswith(":vm-1")
    assert finding.says.endswith("has IPv6 addresses: 2001:db8::1.")
