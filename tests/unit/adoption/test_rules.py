"""Rules fill a plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyvisor.adoption import rules as rules_file
from polyvisor.adoption.errors import AdoptionError
from tests.unit.adoption.builders import discovery, nic, rules, vm

FOUND = replace(discovery(vm(1), vm(2)), tags={"vm-1": ("tier/web",)})


@pytest.mark.parametrize(
    ("match", "matched"),
    [
        ({"vcenter": "11111111-.*"}, True),
        ({"vcenter": "vcenter:443"}, True),
        ({"vcenter": "other:443"}, False),
        ({"name": "app-.*"}, True),
        ({"name": "app"}, False),
        ({"folder": "/dc1/vm/shop(/.*)?"}, True),
        ({"folder": "/dc1/vm"}, False),
        ({"cluster": "cluster1"}, True),
        ({"guest": "Ubuntu.*"}, True),
        ({"network": "VLAN 30"}, True),
        ({"tag": "tier/.*"}, True),
        ({"tag": "tier/db"}, False),
        ({"power": "poweredOn"}, True),
        ({"custom": {"owner": "ann|bob"}}, True),
        ({"custom": {"owner": "eve"}}, False),
        ({"custom": {"nothing": ".+"}}, False),
        ({"name": "app-.*", "power": "poweredOff"}, False),
        ({}, True),
    ],
)
def test_all_of_a_match_must_hold(match: dict[str, Any], matched: bool) -> None:
    book = rules({"rule": "one", "match": match})
    found = book.servers(FOUND, vm(1, custom=((7, "bob"),)))
    assert ("one" in [rule.rule for rule in found]) is matched


def test_tags_that_were_not_read_are_not_taken_for_none() -> None:
    book = rules({"rule": "not those", "match": {"tag": "hands/off"}, "adopt": False})
    book.require_tags(FOUND)
    with pytest.raises(AdoptionError, match="were not read: discover again"):
        book.require_tags(replace(FOUND, tags=None))
    rules().require_tags(replace(FOUND, tags=None))


def test_addresses_by_name_path_or_uuid(tmp_path: Path) -> None:
    (tmp_path / "addresses.csv").write_text(
        "vm,mac,address,remark\n"
        "app-1,,10.0.30.7,by name\n"
        "/dc1/vm/shop/app-2,00:50:56:00:02:00,10.0.30.8,by path\n"
        "/dc1/vm/shop/app-2,00:50:56:00:02:00,2001:DB8::8,a second\n"
    )
    (tmp_path / "rules.yaml").write_text("addresses: addresses.csv\n")
    book = rules_file.RuleBook(*rules_file.load(tmp_path / "rules.yaml"))
    assert book.addresses(FOUND, vm(1), "00:50:56:00:01:00") == ("10.0.30.7",)
    assert book.addresses(FOUND, vm(2), "00:50:56:00:02:00") == ("10.0.30.8", "2001:db8::8")
    assert book.addresses(FOUND, vm(3), "00:50:56:00:03:00") is None


def test_a_vm_with_two_nics_needs_the_mac() -> None:
    book = rules(addresses={("app-1", ""): ("10.0.30.7",)})
    assert book.addresses(FOUND, vm(1, nics=(nic(), nic(4001))), "00:50:56:00:00:00") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("vm,address\n", "line 1: the columns"),
        ("vm,mac,address\napp-1,,10.0.30\n", "line 2: address: .*does not appear to be an IPv4 or IPv6"),
    ],
)
def test_a_mistake_in_the_addresses_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "addresses.csv").write_text(text)
    (tmp_path / "rules.yaml").write_text("addresses: addresses.csv\n")
    with pytest.raises(AdoptionError, match=says):
        rules_file.load(tmp_path / "rules.yaml")
