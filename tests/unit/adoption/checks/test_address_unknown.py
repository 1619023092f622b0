from tests.unit.adoption.builders import examine, nic, rules, subjects_of, vm


def test_neither_tools_nor_file() -> None:
    silent = vm(1, nics=(nic(addresses=()),), tools="absent")
    assert subjects_of(examine("address-unknown", silent, vm(2))) == ["vm-1"]


def test_the_file_helps() -> None:
    silent = vm(1, nics=(nic(addresses=()),), tools="absent")
    book = rules(addresses={("app-1", ""): ("10.0.30.1",)})
    assert examine("address-unknown", silent, book=book) == []


def test_link_local_addresses_are_none() -> None:
    alone = vm(1, nics=(nic(addresses=("fe80::1/64", "169.254.1.1/16")),))
    assert subjects_of(examine("address-unknown", alone)) == ["vm-1"]
