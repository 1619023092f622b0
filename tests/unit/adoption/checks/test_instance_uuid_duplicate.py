from tests.unit.adoption.builders import discovery, examine, subjects_of, vm


def test_the_copy_is_named_with_its_vcenter_where_all_other_names_are_the_same() -> None:
    other = discovery(vm(1), uuid="99999999-9999-9999-9999-999999999999", address="vc2:443")
    found = examine("instance-uuid-duplicate", vm(1), others=[other])
    assert [("vc2:443/" in item.says, "vcenter:443/" in item.says) for _, item in found] == [
        (True, False),
        (False, True),
    ]


def test_within_a_vcenter_and_between_two() -> None:
    other = discovery(vm(9, instance_uuid=vm(1).instance_uuid), uuid="99999999-9999-9999-9999-999999999999")
    copy = vm(3, instance_uuid=vm(2).instance_uuid)
    found = examine("instance-uuid-duplicate", vm(1), vm(2), copy, vm(4), others=[other])
    assert sorted(subjects_of(found)) == ["vm-1", "vm-2", "vm-3", "vm-9"]
