from tests.unit.adoption.builders import examine, rules, subjects_of, vm


def test_a_switch_that_no_rule_names() -> None:
    assert subjects_of(examine("switch-unmapped", vm(1), book=rules(switches=[]))) == ["vm-1"]
    assert examine("switch-unmapped", vm(1)) == []


def test_a_rule_for_another_datacenter_does_not_count() -> None:
    other = [{"switch": "dvs1", "datacenter": "dc2", "physical_network": "physnet1"}]
    assert subjects_of(examine("switch-unmapped", vm(1), book=rules(switches=other))) == ["vm-1"]
