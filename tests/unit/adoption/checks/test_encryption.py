from tests.unit.adoption.builders import disk, examine, subjects_of, vm


def test_the_vm_or_a_disk() -> None:
    found = examine("encryption", vm(1, encrypted=True), vm(2, disks=(disk(encrypted=True),)), vm(3))
    assert subjects_of(found) == ["vm-1", "vm-2"]
