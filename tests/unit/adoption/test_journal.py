"""The journal outlives its process, and is one process's at a time."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.journal import SHARED, FileJournal, Thing, Vm, beside, exclusive
from polyvisor.adoption.message import say
from polyvisor.message import plain

PORT = Thing("vc:vm-1", "port", "NIC 4000")


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    file = beside(tmp_path / "plan.yaml")
    with closing(FileJournal(file)) as journal:
        first = journal.id
        journal.write(PORT, Thing(SHARED, "network", "physnet1/30", id="n", made=False))
        journal.write(replace(PORT, id="p", project="shop"))
        journal.note(Vm("vc:vm-1", "under way", None, {"before": "print", "host": "host-1"}))
        journal.note(Vm("vc:vm-1", "adopted", None, {"server": "s"}))
    with closing(FileJournal(file)) as journal:
        assert journal.id == first
        assert journal.things("vc:vm-1") == [replace(PORT, id="p", project="shop")]
        assert [thing.made for thing in journal.things(kind="network")] == [False]
        vm = journal.vms()["vc:vm-1"]
        assert (vm.state, vm.details) == ("adopted", {"before": "print", "host": "host-1", "server": "s"})
        journal.forget(PORT)
        journal.drop("vc:vm-1")
        assert (journal.things("vc:vm-1"), journal.vms()) == ([], {})
    assert file.stat().st_mode & 0o077 == 0


def test_a_reason_and_what_is_left_are_kept(tmp_path: Path) -> None:
    left = say("volume_is", volume="v", status="managing")
    with closing(FileJournal(tmp_path / "x")) as journal:
        journal.note(Vm("vc:vm-1", "undoing", say("vm_gone"), {"left": plain(left)}))
        journal.note(Vm("vc:vm-2", "undoing", None, {"left": "as an earlier release wrote it"}))
        first, second = journal.vms().values()
    assert (str(first.reason), first.left) == ("the VM is not there any more", left)
    assert (second.reason, str(second.left)) == (None, "as an earlier release wrote it")


def test_a_file_that_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("servers: none\n" * 100)
    with pytest.raises(AdoptionError, match="x cannot be used"):
        FileJournal(tmp_path / "x")


def test_one_at_a_time(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    with exclusive(plan), pytest.raises(AdoptionError, match="being applied"), exclusive(plan):
        pass
    with exclusive(plan):
        pass
