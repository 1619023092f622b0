"""Above all: what a plan must never remove, whatever the tables and vCenter say."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyvisor.neutron.db.port_group import ACTIVE, DELETING, PENDING, Row, Site, Wanted
from polyvisor.neutron.inventory import Group, Inventory, Spot
from polyvisor.neutron.plan import Plan, Situation, make_plan

NOW = datetime.datetime(2026, 11, 22, 12, 0)
GRACE = datetime.timedelta(seconds=600)
SITE = Site("vc1", "dvs", "dc1", "dvs1")
OTHER = Site("vc1", "dvs", "dc2", "dvs1")
NETWORK = "6a866f76-99c3-4f82-a8c9-79182258c3b5"
WANTED = Wanted(SITE, NETWORK, 100, f"os-{NETWORK}")
GROUP = Group("dc1", "dvs1", f"os-{NETWORK}", 100, "dvportgroup-1", "dvportgroup-1", NETWORK)
UPLINK = Group("dc1", "dvs1", "uplink", None, "dvportgroup-0", "dvportgroup-0")
ROW = Row(1, SITE, NETWORK, 100, f"os-{NETWORK}", "dvportgroup-1", "dvportgroup-1", True, ACTIVE, None, None)
LONG_AGO = NOW - 2 * GRACE


def situation(
    *,
    wanted: list[Wanted] | None = None,
    rows: list[Row] | None = None,
    groups: list[Group] | None = None,
    spots: list[Spot] | None = None,
    existing: tuple[str, ...] = (NETWORK,),
    marks: bool = True,
) -> Situation:
    shown = [Spot(SITE, "dvs-1", None)] if spots is None else spots
    inventory = Inventory.of(
        {("compute1", "dvs1"): shown}, [UPLINK, *([GROUP] if groups is None else groups)]
    )
    return Situation(wanted or [], rows or [], inventory, existing, marks, NOW, GRACE)


def test_what_is_right_is_left_alone() -> None:
    assert make_plan(situation(wanted=[WANTED], rows=[ROW])) == Plan()


def test_what_is_missing_is_made() -> None:
    plan = make_plan(situation(wanted=[WANTED], rows=[ROW], groups=[]))
    assert plan == Plan(create=[(Spot(SITE, "dvs-1", None), WANTED)])


@pytest.mark.parametrize("change", [{"vlan_id": 99}, {"vlan_id": None}, {"secure": False}])
def test_what_was_changed_is_repaired_if_it_is_ours(change: dict[str, int | None]) -> None:
    changed = replace(GROUP, **change)  # type: ignore[arg-type]
    plan = make_plan(situation(wanted=[WANTED], rows=[ROW], groups=[changed]))
    assert plan == Plan(repair=[(Spot(SITE, "dvs-1", None), changed, WANTED)])


def test_what_is_not_ours_is_reported_and_not_changed() -> None:
    changed = replace(GROUP, vlan_id=99)
    plan = make_plan(situation(wanted=[WANTED], rows=[replace(ROW, owned=False)], groups=[changed]))
    assert not plan.repair
    assert "has VLAN 99 on 'dvs1'" in plan.problems[0][1]


def test_a_mark_taken_off_makes_it_somebody_elses() -> None:
    unmarked = replace(GROUP, network_id=None, vlan_id=99)
    plan = make_plan(situation(wanted=[WANTED], rows=[ROW], groups=[unmarked]))
    assert not plan.repair
    assert plan.problems
    row = replace(ROW, unused_since=LONG_AGO)
    plan = make_plan(situation(rows=[row], groups=[unmarked], existing=()))
    assert plan == Plan(release=[(row, unmarked)])


def test_an_unused_one_is_removed_after_its_grace_only() -> None:
    assert make_plan(situation(rows=[ROW])) == Plan(unused=[ROW])
    fresh = replace(ROW, unused_since=NOW - GRACE / 2)
    assert make_plan(situation(rows=[fresh])) == Plan()
    old = replace(ROW, unused_since=LONG_AGO)
    assert make_plan(situation(rows=[old])) == Plan(remove=[(old, GROUP)])


def test_one_in_use_again_is_no_longer_counted_as_unused() -> None:
    row = replace(ROW, unused_since=LONG_AGO, state=DELETING)
    plan = make_plan(situation(wanted=[WANTED], rows=[row]))
    assert plan.used == [row]
    assert not plan.remove


def test_the_row_of_what_is_gone_is_forgotten() -> None:
    row = replace(ROW, unused_since=LONG_AGO)
    assert make_plan(situation(rows=[row], groups=[])) == Plan(forget=[row])


def test_an_unconfirmed_one_is_confirmed() -> None:
    assert make_plan(situation(wanted=[WANTED], rows=[replace(ROW, state=PENDING)])) == Plan(
        confirm=[(WANTED, GROUP)]
    )


def test_a_restored_switch_gives_new_ids() -> None:
    restored = replace(GROUP, ref="dvportgroup-9")
    assert make_plan(situation(wanted=[WANTED], rows=[ROW], groups=[restored])) == Plan(
        confirm=[(WANTED, restored)]
    )


def test_what_our_mark_is_on_is_written_down_as_unused() -> None:
    assert make_plan(situation(existing=())) == Plan(note=[(WANTED, GROUP, True, False)])


def test_without_marks_nothing_is_ours_but_by_the_table() -> None:
    plain = replace(GROUP, network_id=None)
    assert make_plan(situation(groups=[plain], marks=False)) == Plan()
    plan = make_plan(situation(wanted=[WANTED], groups=[plain], marks=False))
    assert plan == Plan(note=[(WANTED, plain, False, True)])


def test_nothing_is_made_on_a_vlan_that_another_network_has() -> None:
    other = replace(ROW, id=2, network_id="other", name="os-other", state=DELETING, unused_since=NOW)
    group = replace(GROUP, name="os-other", network_id="other")
    plan = make_plan(situation(wanted=[WANTED], rows=[other], groups=[group]))
    assert not plan.create
    assert "VLAN 100 of 'dvs1' of dc1 still has a port group of network other" in plan.problems[0][1]


@pytest.mark.parametrize("rows", [[replace(ROW, name="Production", owned=False)], []])
def test_one_that_an_administrator_named_is_not_made(rows: list[Row]) -> None:
    plan = make_plan(situation(wanted=[replace(WANTED, name="Production")], rows=rows, groups=[]))
    assert not plan.create
    assert "'Production', which an administrator named" in plan.problems[0][1]


def test_a_host_that_cannot_be_asked_is_left_alone() -> None:
    away = [Spot(SITE, "", None, ready=False, obstacle="not connected")]
    rows = [replace(ROW, unused_since=LONG_AGO)]
    assert make_plan(situation(wanted=[WANTED], groups=[], spots=away)) == Plan()
    assert make_plan(situation(rows=rows, groups=[], spots=away)) == Plan()


NETWORKS = ("n1", "n2", "n3")
sites = st.sampled_from([SITE, OTHER])
vlans = st.sampled_from([0, 100, 200])
names = st.sampled_from([*(f"os-{network}" for network in NETWORKS), "VLAN 20"])
networks = st.sampled_from(NETWORKS)
rows = st.builds(
    Row,
    id=st.integers(1, 9),
    site=sites,
    network_id=networks,
    vlan_id=vlans,
    name=names,
    key=st.none(),
    moref=st.none(),
    owned=st.booleans(),
    state=st.sampled_from([PENDING, ACTIVE, DELETING]),
    unused_since=st.none() | st.sampled_from([NOW, NOW - GRACE / 2, LONG_AGO]),
    last_error=st.none(),
)
groups = st.builds(
    Group,
    scope=st.sampled_from(["dc1", "dc2"]),
    switch=st.sampled_from(["dvs1", "dvs2"]),
    name=names,
    vlan_id=st.none() | vlans,
    ref=st.just("ref"),
    network_id=st.none() | networks,
    secure=st.booleans(),
)
spots = st.builds(
    Spot,
    site=sites,
    ref=st.just("dvs-1"),
    mtu=st.none(),
    obstacle=st.none() | st.just("not connected"),
)
situations = st.builds(
    Situation,
    wanted=st.lists(
        st.builds(Wanted, site=sites, network_id=networks, vlan_id=vlans, name=names), max_size=4
    ),
    rows=st.lists(rows, max_size=6, unique_by=lambda row: (row.site, row.network_id)),
    inventory=st.builds(
        lambda spots, groups: Inventory.of({("compute1", "dvs1"): spots}, groups),
        st.lists(spots, max_size=2, unique_by=lambda spot: spot.site),
        st.lists(groups, max_size=6),
    ),
    existing=st.sets(networks),
    marks=st.booleans(),
    now=st.just(NOW),
    grace=st.just(GRACE),
)


@settings(max_examples=400, deadline=None)
@given(situations)
def test_removed_is_only_what_is_ours_unwanted_past_grace_and_seen(given: Situation) -> None:
    wanted = {(item.site, item.network_id) for item in given.wanted}
    seen = {s.site for found in given.inventory.spots.values() for s in found if not s.obstacle}
    for row, group in make_plan(given).remove:
        assert row.owned
        assert row.site in seen
        assert (row.site, row.network_id) not in wanted
        assert row.unused_since is not None
        assert given.now - row.unused_since >= given.grace
        assert (group.scope, group.switch, group.name) == (row.site.scope, row.site.switch, row.name)
        assert group is given.inventory.groups[row.site.scope, row.name]
        assert not given.marks or group.network_id == row.network_id


@settings(max_examples=400, deadline=None)
@given(situations)
def test_repaired_is_only_what_is_ours_and_wanted(given: Situation) -> None:
    owned = {(row.site, row.network_id): row for row in given.rows if row.owned}
    for _, group, item in make_plan(given).repair:
        assert (item.site, item.network_id) in owned
        assert item in given.wanted
        assert not given.marks or group.network_id == item.network_id


@settings(max_examples=200, deadline=None)
@given(situations)
def test_an_inventory_that_shows_nothing_changes_nothing_for_the_worse(given: Situation) -> None:
    plan = make_plan(replace(given, inventory=Inventory.of(given.inventory.spots, [])))
    assert (plan.remove, plan.repair, plan.release, plan.forget, plan.unused) == ([], [], [], [], [])
    plan = make_plan(replace(given, inventory=Inventory.of({}, given.inventory.groups.values())))
    assert (plan.remove, plan.repair, plan.release, plan.forget, plan.create) == ([], [], [], [], [])


@settings(max_examples=200, deadline=None)
@given(situations)
def test_a_vlan_is_never_given_to_two_networks_of_a_switch(given: Situation) -> None:
    taken = {
        (row.site, group.vlan_id): row.network_id
        for row in given.rows
        if (group := given.inventory.find(row.site, row.name))
    }
    for _, item in make_plan(given).create:
        assert taken.get((item.site, item.vlan_id), item.network_id) == item.network_id
