"""Which moves the rules let through, and how they are completed."""

from dataclasses import replace

import pytest

from polyvisor.vsphere.machine import Disk, Machine
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.relocation import Move
from polyvisor.vsphere.relocation_rules import AUTO, Ground, Request, decide
from tests.unit.vsphere.test_wish import ESX1, ESX2, GIB, LOCAL2, SHARED, datastore, host, mount

OTHER1 = host("host-3", "other1", memory_used_bytes=10 * GIB)
OTHER2 = host("host-4", "other2")
FAR = datastore("datastore-3", "far", mount("host-3"), mount("host-4"))
EVERYWHERE = replace(SHARED, hosts=tuple(mount(f"host-{number}") for number in (1, 2, 3, 4)))
ROOT = Disk(2000, "Hard disk 1", SHARED.moref, 10 * GIB, volume=None)
DATA = Disk(2001, "Hard disk 2", SHARED.moref, 10 * GIB, volume=None)
VOLUME = Disk(2002, "Hard disk 3", SHARED.moref, 10 * GIB, volume="the-volume")
VM = Machine("vm-1", "web", ESX1.moref, "resgroup-1", SHARED.moref, (ROOT, DATA, VOLUME))
HERE = Ground([ESX1, ESX2], [SHARED, LOCAL2], [SHARED, LOCAL2], (ESX1.moref, ESX1.name))
STORES = [EVERYWHERE, FAR]
THERE = Ground([OTHER1, OTHER2], STORES, STORES, (ESX1.moref, ESX1.name), pool="resgroup-2")


def move(ground: Ground = HERE, machine: Machine = VM, **wanted: object) -> Move:
    return decide(machine, Request(**wanted), ground)  # type: ignore[arg-type]  # the tests name real fields


def code(ground: Ground = HERE, machine: Machine = VM, **wanted: object) -> str:
    with pytest.raises(PlacementRefused) as caught:
        move(ground, machine, **wanted)
    return caught.value.code


def test_a_host_alone_moves_no_disk() -> None:
    found = move(host="esx2")
    assert (found.host, found.pool, found.home, found.disks) == (ESX2.moref, None, None, {})
    assert found.summary == "host esx1 to esx2"


def test_volumes_stay_where_they_are_unless_named() -> None:
    found = move(host="esx2", datastore="esx2-local")
    assert found.home == LOCAL2.moref
    assert found.disks == {"2000": LOCAL2.moref, "2001": LOCAL2.moref, "2002": SHARED.moref}
    assert found.volumes == {}
    for name in ("Hard disk 3", "2002", "the-volume"):
        named = move(host="esx2", disks={name: "esx2-local"})
        assert named.disks == {"2000": SHARED.moref, "2001": SHARED.moref, "2002": LOCAL2.moref}
        assert named.volumes == {"2002": "the-volume"}
    in_snapshot = replace(VM, disks=(ROOT, replace(VOLUME, chained=True)))
    assert code(HERE, in_snapshot, host="esx2", disks={"the-volume": "esx2-local"}) == "volume_stays"


def test_single_disks_go_by_label_or_key_before_all_others() -> None:
    found = move(host="esx2", disks={"Hard disk 2": "esx2-local"})
    assert found.home is None
    assert found.disks == {"2000": SHARED.moref, "2001": LOCAL2.moref, "2002": SHARED.moref}
    assert move(host="esx2", datastore="esx2-local", disks={"2000": "shared"}).disks["2000"] == SHARED.moref
    assert code(disks={"Hard disk 9": "shared"}) == "disk_not_found"


def test_places_may_be_named_by_their_ids() -> None:
    named = Request(host="uuid:host-2", datastore="uuid:datastore-2", disks={"2000": "uuid:datastore-1"})
    assert named.within("uuid") == Request("host-2", "datastore-2", {"2000": "datastore-1"})
    assert Request(AUTO, disks={"2000": "shared"}).within("uuid") == Request(AUTO, disks={"2000": "shared"})
    with pytest.raises(PlacementRefused, match="another:host-2"):
        decide(VM, Request(host="another:host-2").within("uuid"), HERE)


def test_a_datastore_must_be_seen_by_the_host_on_which_the_vm_will_be() -> None:
    assert code(datastore="esx2-local") == "host_datastore_not_connected"
    on_local = replace(VM, host=ESX2.moref, disks=(replace(ROOT, datastore=LOCAL2.moref),))
    ground = replace(HERE, source=(ESX2.moref, ESX2.name))
    assert code(ground, on_local, host="esx1") == "host_datastore_not_connected"
    assert move(ground, on_local, host="esx1", datastore="shared").host == ESX1.moref


def test_what_moves_must_fit_together() -> None:
    small = datastore("datastore-9", "small", mount("host-1"), free_bytes=15 * GIB)
    ground = replace(HERE, datastores=[SHARED, small], usable=[SHARED, small])
    assert move(ground, disks={"2000": "small"}).disks["2000"] == small.moref
    assert code(ground, datastore="small") == "datastore_too_small"


def test_nothing_to_move() -> None:
    assert code(host="esx1") == "already_there"
    assert code(datastore="shared") == "already_there"
    assert code(host="esx1", datastore="shared", disks={"2000": "shared"}) == "already_there"


def test_auto_leaves_the_host_to_the_resource_pool() -> None:
    found = move(host=AUTO)
    assert (found.host, found.pool) == (None, "resgroup-1")


def test_into_another_cluster_host_and_datastore_are_chosen_where_not_named() -> None:
    found = move(THERE)
    assert (found.host, found.pool, found.disks) == (OTHER2.moref, "resgroup-2", {})
    assert move(THERE, host="other1").host == OTHER1.moref
    unshared = replace(THERE, datastores=[*STORES, LOCAL2], usable=[FAR])
    local = tuple(replace(disk, datastore=LOCAL2.moref) for disk in (ROOT, DATA))
    found = move(unshared, replace(VM, home=LOCAL2.moref, disks=local))
    assert (found.host, found.home, set(found.disks.values())) == (OTHER2.moref, FAR.moref, {FAR.moref})


def test_a_volume_that_the_other_cluster_does_not_see_keeps_the_vm_here() -> None:
    volume = replace(VOLUME, datastore=LOCAL2.moref)
    ground = replace(THERE, datastores=[*STORES, LOCAL2])
    assert code(ground, replace(VM, disks=(ROOT, volume))) == "host_datastore_not_connected"


def test_a_vm_that_somebody_took_elsewhere() -> None:
    ground = replace(HERE, source=("host-77", "stray"))
    assert code(ground, host="esx2") == "host_not_found"
