"""Apply and release are killed at every point, and begin again: the end is the same, and once."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from polyvisor.adoption import apply as apply_module
from polyvisor.adoption import journal as journals
from polyvisor.adoption.apply import Outcome, apply
from polyvisor.adoption.cloud import Compute
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.discover import discover
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.release import Released, release
from polyvisor.adoption.resources import server, volume
from polyvisor.adoption.rules import RuleBook, Rules
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.adoption.openstack_double import Fuse, Killed, OpenStack
from tests.functional.conftest import StartVCenter

RULES: dict[str, Any] = {
    "switches": [{"switch": "dvs1", "physical_network": "physnet1"}],
    "networks": [
        {"physical_network": "physnet1", "vlan": vlan, "project": "shop", "shared_with": ["*"]}
        for vlan in (30, 40)
    ],
    "subnets": [{"physical_network": "physnet1", "vlan": vlan, "cidr": "10.0.0.0/15"} for vlan in (30, 40)],
    "servers": [{"rule": "all", "adopt": True, "project": "shop", "accept": {"switch-unmapped": "it stays"}}],
}
#: One has a volume; each has a port.
WANTED = ("app-003", "app-007")


class FusedJournal(journals.FileJournal):
    """A journal of a process that can be killed before and after each line."""

    fuse = Fuse()

    def write(self, *things: journals.Thing) -> None:
        self.fuse()
        super().write(*things)
        self.fuse()

    def forget(self, *things: journals.Thing) -> None:
        self.fuse()
        super().forget(*things)
        self.fuse()

    def note(self, *vms: journals.Vm) -> None:
        self.fuse()
        super().note(*vms)
        self.fuse()


@dataclass
class Desk:
    """A plan of two VMs of a real (simulated) vCenter, and an OpenStack in memory."""

    folder: Path
    session: Session
    plan: Plan
    openstack: OpenStack

    @property
    def vms(self) -> set[str]:
        return {item.id for item in self.plan.servers}

    def apply(self, fuse: Fuse | None = None, patience: float = 60) -> Outcome:
        with closing(self._journal(fuse or Fuse())) as journal:
            clouds = self._clouds(journal.fuse)
            return apply(self.plan, clouds, self._vcenters, journal, parallel=4, patience=patience)

    def release(self, fuse: Fuse | None = None) -> Released:
        with closing(self._journal(fuse or Fuse())) as journal:
            return release(self._clouds(journal.fuse), self._vcenters, journal)

    def forget(self) -> None:
        for file in self.folder.glob("journal*"):
            file.unlink()

    def prints(self) -> dict[str, dict[str, str]]:
        morefs = [item.moref for item in self.plan.servers]
        return {key: item.values for key, item in fingerprint.read(self.session, morefs).items()}

    def _clouds(self, fuse: Fuse) -> Clouds:
        return Clouds(self.openstack.connect(fuse))

    @property
    def _vcenters(self) -> dict[str, Session]:
        return {self.plan.servers[0].vcenter: self.session}

    def _journal(self, fuse: Fuse) -> FusedJournal:
        made = FusedJournal(self.folder / "journal")
        made.fuse = fuse
        return made


@pytest.fixture(scope="module")
def session(module_vcenter: StartVCenter) -> Iterator[Session]:
    running = module_vcenter("-vms", "12")
    endpoint = Endpoint(running.host, running.username, running.password, running.port, running.ca_file)
    with closing(Session(endpoint)) as made:
        yield made


@pytest.fixture
def desk(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = discover(session, with_tags=False)
    nodes = {
        f"{entity.moref}.{found.vcenter.uuid}": name
        for entity in found.entities.values()
        for name in ("compute1", "compute2")
        if entity.kind == "ClusterComputeResource" and entity.name[-1] == name[-1]
    }
    openstack = OpenStack({node: Compute(host, node) for node, host in nodes.items()})
    book = RuleBook(Rules.model_validate(RULES, strict=False), {})
    plan, _ = make_plan([found], openstack.read(None), book, Earlier(None))
    chosen = [item for item in plan.servers if item.server in WANTED]
    assert [item.state for item in chosen] == ["ready"] * len(WANTED)
    monkeypatch.setattr(apply_module, "read_cloud", openstack.read)
    monkeypatch.setattr(apply_module, "read_rooms", lambda _connection, _projects: {})
    # The double is as quick as it can be.
    monkeypatch.setattr(server, "_PAUSE", 0.001)
    monkeypatch.setattr(server, "_LIST_PAUSE", 0.001)
    # As if the next process began much later than the one that was killed.
    monkeypatch.setattr(server, "_OVERLAP", 0.0)
    monkeypatch.setattr(volume, "_PAUSES", (0.001, 0.001))
    return Desk(tmp_path, session, Plan(plan.header, plan.networks, plan.flavors, chosen), openstack)


def killed(run: Any, at: int) -> bool:
    """Whether the process was killed before its end."""
    fuse = Fuse(at)
    try:
        run(fuse)
    except Killed:
        return True
    return fuse.blown


def test_killed_at_any_point_of_apply_it_ends_the_same(desk: Desk) -> None:
    before = desk.prints()
    assert desk.apply().complete
    complete = desk.openstack.counted()
    assert (complete["servers"], complete["ports"], complete["volumes"]) == (2, 2, 1)
    assert desk.release().complete
    assert sum(desk.openstack.counted().values()) == 0
    points = 0
    for point in count():
        desk.forget()
        if not killed(desk.apply, point):
            break
        points += 1
        outcome = desk.apply()
        assert (outcome.complete, set(outcome.adopted)) == (True, desk.vms), (point, outcome)
        assert desk.openstack.counted() == complete, point
        assert desk.release().complete, point
        assert sum(desk.openstack.counted().values()) == 0, (point, desk.openstack.counted())
        assert desk.prints() == before, point
    assert points > 50


def test_killed_at_any_point_of_release_it_ends_released(desk: Desk) -> None:
    before = desk.prints()
    for point in count():
        desk.forget()
        assert desk.apply().complete
        if not killed(desk.release, point):
            break
        assert desk.release().complete, point
        assert sum(desk.openstack.counted().values()) == 0, (point, desk.openstack.counted())
        assert desk.prints() == before, point
    assert point > 20


@pytest.mark.parametrize(("lost", "why"), [("app-003", "was not built within"), ("app-003-disk2", "disk 20")])
def test_what_a_service_has_lost_is_undone(desk: Desk, lost: str, why: str) -> None:
    desk.openstack.lost = {lost}
    before = desk.prints()
    outcome = desk.apply(patience=0.3)
    assert (len(outcome.adopted), len(outcome.failed), outcome.left) == (1, 1, {})
    assert why in str(next(iter(outcome.failed.values())))
    assert (desk.openstack.counted()["servers"], desk.openstack.counted()["volumes"]) == (1, 0)
    desk.openstack.lost = set()
    assert desk.apply().complete
    assert desk.release().complete
    assert desk.prints() == before


class WhileBuilding(Fuse):
    """Kills when Nova has been asked for all servers."""

    def __init__(self, openstack: OpenStack) -> None:
        super().__init__()
        self._openstack = openstack

    def __call__(self) -> None:
        self.blown = self.blown or self._openstack.counted()["servers"] == len(WANTED)
        if self.blown:
            raise Killed


def test_servers_that_were_lost_with_apply_itself_are_begun_anew(desk: Desk) -> None:
    before = desk.prints()
    desk.openstack.lost = set(WANTED)
    with pytest.raises(Killed):
        desk.apply(WhileBuilding(desk.openstack))
    lost = set(desk.openstack.tables["servers"])
    desk.openstack.lost = set()
    outcome = desk.apply(patience=0.3)
    assert (outcome.complete, set(outcome.adopted)) == (True, desk.vms)
    assert set(desk.openstack.tables["servers"]) == set(outcome.adopted.values())
    assert not lost & set(outcome.adopted.values())
    assert desk.release().complete
    assert desk.prints() == before


def test_what_fails_leaves_nothing_and_the_others_stay(desk: Desk) -> None:
    desk.openstack.failing = {"app-003"}
    before = desk.prints()
    outcome = desk.apply()
    assert list(map(str, outcome.failed.values())) == ["vCenter said no"]
    assert (len(outcome.adopted), outcome.left) == (1, {})
    assert (desk.openstack.counted()["servers"], desk.openstack.counted()["volumes"]) == (1, 0)
    desk.openstack.failing = set()
    assert desk.apply().complete
    assert desk.apply().complete  # nothing to do
    assert desk.openstack.counted()["servers"] == 2
    assert desk.release().complete
    assert desk.prints() == before


def test_a_release_that_fails_is_told_at_once_and_may_be_asked_for_again(desk: Desk) -> None:
    before = desk.prints()
    assert desk.apply().complete
    desk.openstack.keeping = {"app-003"}
    first = desk.release()  # whose patience is longer than that of a test
    assert (len(first.released), len(first.left)) == (1, 1)
    assert "is still there: vCenter said no" in str(next(iter(first.left.values())))
    desk.openstack.keeping = set()
    assert desk.release().complete
    assert desk.prints() == before
