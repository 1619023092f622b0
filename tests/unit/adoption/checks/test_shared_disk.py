from tests.unit.adoption.builders import disk, examine, subjects_of, vm


def test_a_file_of_two_vms() -> None:
    common = disk(2001, file="[store] common/quorum.vmdk")
    found = examine("shared-disk", vm(1, disks=(disk(), common)), vm(2, disks=(common,)), vm(3))
    assert subjects_of(found) == ["vm-1", "vm-2"]
    assert "app-2" in found[0][1].says


def test_one_that_others_may_open_too() -> None:
    found = examine("shared-disk", vm(1, disks=(disk(shared=True),)), vm(2))
    assert subjects_of(found) == ["vm-1"]
