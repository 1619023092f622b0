from tests.unit.adoption.builders import disk, examine, vm


def test_both_modes_are_found() -> None:
    modes = (disk(mode="independent_nonpersistent"), disk(2001, mode="independent_persistent"))
    found = examine("independent-disk", vm(1, disks=modes), vm(2))
    assert [finding.item for _, finding in found] == ["disk 2000", "disk 2001"]
