from tests.unit.adoption.builders import disk, examine, vm


def test_both_kinds_are_found() -> None:
    mapped = (disk(), disk(2001, format="rdm-physical"), disk(2002, format="rdm-virtual"))
    found = examine("rdm", vm(1, disks=mapped), vm(2))
    assert [finding.item for _, finding in found] == ["disk 2001", "disk 2002"]
