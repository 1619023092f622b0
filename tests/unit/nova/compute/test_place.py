"""From a wish to a place."""

from dataclasses import replace

import pytest

from polyvisor.nova.compute.place import Inventory
from polyvisor.vsphere.datastore import Datastore, Mount
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.wish import Wish

GIB = 2**30
HOST = Host(
    moref="host-1",
    name="esx11",
    cluster="domain-c1",
    connection_state="connected",
    power_state="poweredOn",
    maintenance=False,
    quarantine=False,
    overall_status="green",
    cpu_cores=8,
    cpu_mhz=16000,
    cpu_used_mhz=0,
    memory_bytes=64 * GIB,
    memory_used_bytes=32 * GIB,
    version="8.0.3",
    vm_count=0,
    datastores=("datastore-1",),
)
STORE = Datastore(
    moref="datastore-1",
    name="shared1",
    type="VMFS",
    url="ds:///1",
    capacity_bytes=100 * GIB,
    free_bytes=50 * GIB,
    provisioned_bytes=50 * GIB,
    accessible=True,
    maintenance="normal",
    multiple_host_access=True,
    hosts=(Mount("host-1", mounted=True, accessible=True, read_only=False),),
    vm_count=0,
)


def seen_by(*hosts: str) -> tuple[Mount, ...]:
    return tuple(Mount(host, mounted=True, accessible=True, read_only=False) for host in hosts)


IDLE = replace(HOST, moref="host-2", name="esx12", memory_used_bytes=0, datastores=("datastore-2",))
SMALL = replace(STORE, moref="datastore-2", name="small", free_bytes=GIB, hosts=seen_by("host-1", "host-2"))
BOTH = replace(HOST, datastores=("datastore-1", "datastore-2"))


def test_both() -> None:
    place = Inventory([HOST], [STORE]).find(Wish(host="esx11", datastore="shared1"), disk_bytes=GIB)

    assert (place.host, place.stays, place.datastores) == ("host-1", True, frozenset({"shared1"}))


def test_host_only_leaves_the_datastores_that_it_sees_and_that_have_room() -> None:
    place = Inventory([BOTH, IDLE], [STORE, SMALL]).find(
        Wish(host="host-1", datastore=None), disk_bytes=2 * GIB
    )

    assert (place.host, place.stays, place.datastores) == ("host-1", True, frozenset({"shared1"}))


def test_datastore_only_takes_the_idlest_host_that_sees_it_and_leaves_drs_free() -> None:
    inventory = Inventory([BOTH, IDLE], [STORE, SMALL])

    anywhere = inventory.find(Wish(host=None, datastore="small"), disk_bytes=GIB)
    local = inventory.find(Wish(host=None, datastore="shared1"), disk_bytes=GIB)

    assert (anywhere.host, anywhere.stays) == ("host-2", False)
    assert (local.host, local.stays) == ("host-1", False)


def test_a_refusal_says_why() -> None:
    with pytest.raises(PlacementRefused, match="maintenance"):
        Inventory([replace(HOST, maintenance=True)], [STORE]).find(
            Wish(host="esx11", datastore=None), disk_bytes=GIB
        )
