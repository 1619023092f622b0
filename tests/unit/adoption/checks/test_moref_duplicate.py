from tests.unit.adoption.builders import discovery, examine, subjects_of, vm


def test_another_vcenter_counts_from_the_same_number() -> None:
    other = discovery(vm(1, instance_uuid=""), uuid="99999999-9999-9999-9999-999999999999", address="two:443")
    found = examine("moref-duplicate", vm(1), vm(2), others=[other])
    assert subjects_of(found) == ["vm-1", "vm-1"]
