from polyvisor.vsphere.virtual_machine import Snapshot
from tests.unit.adoption.builders import examine, subjects_of, vm


def test_they_are_counted() -> None:
    both = (Snapshot("snapshot-1", "before"), Snapshot("snapshot-2", "after"))
    found = examine("snapshots", vm(1, snapshots=both), vm(2))
    assert subjects_of(found) == ["vm-1"]
    assert "2 snapshot(s)" in found[0][1].says
