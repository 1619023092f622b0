from tests.unit.adoption.builders import disk, examine, subjects_of, vm


def test_a_parent_elsewhere_is_a_clone_and_one_beside_it_a_snapshot() -> None:
    clone = disk(file="[store] app-1/app-1.vmdk", parents=("[store] golden/golden-000001.vmdk",))
    snapshot = disk(file="[store] app-2/app-2-000001.vmdk", parents=("[store] app-2/app-2.vmdk",))
    found = examine("linked-clone", vm(1, disks=(clone,)), vm(2, disks=(snapshot,)), vm(3))
    assert subjects_of(found) == ["vm-1"]
    assert "golden" in found[0][1].says
