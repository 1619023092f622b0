"""Filters, weighers, and the order that comes of them."""

from dataclasses import replace
from typing import Any

import pytest

from polyvisor.op.message import say
from polyvisor.op.scheduling import facts, scheduler
from polyvisor.op.scheduling.candidate import Candidate, Flavor, Quota, Size, Wanted

WANTED = Wanted("tenant", "debian", ("net",), flavor="small")
GOOD = Candidate(
    cloud_id="c1",
    cloud="north",
    project_id="p1",
    zone="nova",
    hypervisor="vmware",
    plugin=True,
    labels={"tier": "gold"},
    flavor=Flavor("f", "small", Size(2, 2048, 10)),
    image_id="i",
    image_for="vmware",
    networks=("n",),
    quota=Quota(10, -1, 4096),
    free=Size(8, 8192, 100),
    capacity=Size(16, 16384, 200),
)


def judge(candidates: list[Candidate], wanted: Wanted = WANTED) -> list[Any]:
    return scheduler.judge(wanted, candidates, {})


def test_what_fits_is_taken() -> None:
    (verdict,) = judge([GOOD])
    assert (verdict.ok, verdict.reason) == (True, None)
    assert verdict.weights["free"] == 0.5


@pytest.mark.parametrize(
    ("name", "candidate", "wanted", "reason"),
    [
        ("right", {"allowed": False}, {}, "no right"),
        ("cloud", {}, {"cloud_id": "c2"}, "another cloud"),
        ("drain", {"draining": True}, {}, "drained"),
        ("drain", {"enabled": False}, {}, "maintenance"),
        ("reachable", {"fault": "cloud north does not answer"}, {}, "does not answer"),
        ("capability", {"plugin": False}, {"host": "esx1"}, "plug-in"),
        ("capability", {"hypervisor": "kvm"}, {"datastore": "ssd"}, "on VMware only"),
        ("zone", {}, {"zone": "east"}, "zone east"),
        ("image", {"image_id": None}, {}, "no image 'debian'"),
        ("hypervisor", {}, {"hypervisor": "kvm"}, "kvm was asked for"),
        ("hypervisor", {"hypervisor": "kvm"}, {}, "the image is for vmware"),
        ("hypervisor", {"mixed": True, "image_for": None}, {"hypervisor": "vmware"}, "several kinds"),
        ("network", {"missing_networks": ("net",)}, {}, "no network net"),
        ("labels", {}, {"labels": {"tier": "silver"}}, "tier=silver"),
        ("flavor", {"flavor": None}, {}, "no flavor"),
        ("quota", {"quota": Quota(0, -1, -1)}, {}, "0 servers left"),
        ("quota", {"quota": Quota(-1, -1, 2047)}, {}, "2048 are needed"),
        ("room", {"free": Size(8, 2047, 100)}, {}, "no host has 2048 MiB"),
        ("room", {"free": Size(0, 0, 0)}, {}, "no host has 2 vCPUs"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    name: str, candidate: dict[str, Any], wanted: dict[str, Any], reason: str
) -> None:
    (verdict,) = judge([replace(GOOD, **candidate)], replace(WANTED, **wanted))
    assert (verdict.ok, verdict.filter) == (False, name)
    assert reason in str(verdict.reason)


def test_what_a_cloud_does_not_tell_refuses_nothing() -> None:
    (verdict,) = judge([replace(GOOD, quota=None, free=None, capacity=None, hypervisor="", image_for=None)])
    assert verdict.ok


def test_servers_are_spread_or_packed() -> None:
    full = replace(GOOD, cloud_id="c2", cloud="south", free=Size(2, 8192, 100))
    assert [one.candidate.cloud for one in judge([full, GOOD])] == ["north", "south"]
    packed = judge([GOOD, full], replace(WANTED, pack=True))
    assert [one.candidate.cloud for one in packed] == ["south", "north"]


def test_of_alike_places_that_near_the_tenants_other_servers_wins() -> None:
    near = replace(GOOD, cloud_id="c2", cloud="south", servers=3)
    assert [one.candidate.cloud for one in judge([GOOD, near])] == ["south", "north"]


def test_what_was_tried_comes_last_with_what_went_wrong() -> None:
    other = replace(GOOD, cloud_id="c2", cloud="south", free=Size(2, 2048, 10))
    tried = say("cloud_says", text="No valid host was found")
    verdicts = scheduler.judge(WANTED, [GOOD, other], {GOOD.key: tried})
    assert [(one.candidate.cloud, one.ok) for one in verdicts] == [("south", True), ("north", False)]
    assert verdicts[1].reason == tried


def test_zones_and_kinds_of_hypervisor_are_candidates_of_their_own() -> None:
    project = facts.Project(GOOD.flavor, "i", None, ("n",), (), GOOD.quota, 0, ("nova",))
    groups = {
        ("nova", "vmware"): facts.Group(enabled=True, providers=["a", "b"]),
        ("nova", "kvm"): facts.Group(enabled=True, providers=["c"]),
    }
    room = {"a": (Size(1, 100, 1), Size(2, 200, 2)), "b": (Size(2, 200, 2), Size(4, 400, 4))}
    made = facts.candidates(Candidate("c1", "north", "p1"), project, groups, room)
    assert [(one.hypervisor, one.mixed, one.free) for one in made] == [
        ("vmware", True, Size(2, 200, 2)),
        ("kvm", True, Size(0, 0, 0)),
    ]


def test_clouds_that_do_not_tell_of_hosts_have_a_candidate_for_each_zone() -> None:
    project = facts.Project(GOOD.flavor, "i", None, (), (), GOOD.quota, 0, ("east", "west"))
    made = facts.candidates(Candidate("c1", "north", "p1"), project, None, None)
    assert [(one.zone, one.only_zone, one.free) for one in made] == [
        ("east", False, None),
        ("west", False, None),
    ]
