"""The rules of placement, each from the side of who wishes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvisor.vsphere.datastore import Datastore, Mount
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.host import Host
from polyvisor.vsphere.refusal import PlacementRefused
from polyvisor.vsphere.wish import Target, Wish, resolve

GIB = 1024**3


def host(moref: str, name: str, **changes: object) -> Host:
    plain = Host(
        moref=moref,
        name=name,
        cluster="domain-c1",
        connection_state="connected",
        power_state="poweredOn",
        maintenance=False,
        quarantine=False,
        overall_status="green",
        cpu_cores=16,
        cpu_mhz=16 * 2400,
        cpu_used_mhz=0,
        memory_bytes=256 * GIB,
        memory_used_bytes=0,
        version="8.0.2",
        vm_count=0,
        datastores=(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the tests name real fields


def datastore(moref: str, name: str, *mounts: Mount, **changes: object) -> Datastore:
    plain = Datastore(
        moref=moref,
        name=name,
        type="VMFS",
        url=f"ds:///vmfs/volumes/{moref}/",
        capacity_bytes=100 * GIB,
        free_bytes=50 * GIB,
        provisioned_bytes=50 * GIB,
        accessible=True,
        maintenance="normal",
        multiple_host_access=len(mounts) > 1,
        hosts=mounts,
        vm_count=0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the tests name real fields


def mount(host: str, *, mounted: bool = True, accessible: bool = True, read_only: bool = False) -> Mount:
    return Mount(host, mounted, accessible, read_only)


ESX1, ESX2 = host("host-1", "esx1"), host("host-2", "esx2")
SHARED = datastore("datastore-1", "shared", mount("host-1"), mount("host-2"))
LOCAL2 = datastore("datastore-2", "esx2-local", mount("host-2"))
HOSTS, DATASTORES = [ESX1, ESX2], [SHARED, LOCAL2]


def refused(
    wish: Wish,
    hosts: list[Host] = HOSTS,
    datastores: list[Datastore] = DATASTORES,
    disk_bytes: int = GIB,
) -> PlacementRefused:
    with pytest.raises(PlacementRefused) as caught:
        resolve(wish, hosts, datastores, disk_bytes=disk_bytes)
    return caught.value


@pytest.mark.parametrize(
    ("wish", "target"),
    [
        (Wish(), Target(None, None)),
        (Wish(host="esx1"), Target(ESX1, None)),
        (Wish(host="host-2"), Target(ESX2, None)),
        (Wish(datastore="shared"), Target(None, SHARED)),
        (Wish(datastore="datastore-2"), Target(None, LOCAL2)),
        (Wish("esx2", "esx2-local"), Target(ESX2, LOCAL2)),
    ],
)
def test_taken(wish: Wish, target: Target) -> None:
    assert resolve(wish, HOSTS, DATASTORES, disk_bytes=GIB) == target


def test_unknown_host() -> None:
    error = refused(Wish("esx9", "shared"))
    assert error.code == "host_not_found"
    assert "'esx9'" in str(error)
    assert (error.host, error.datastore) == (None, SHARED)


def test_unknown_datastore() -> None:
    error = refused(Wish("esx1", "nowhere"))
    assert error.code == "datastore_not_found"
    assert "'nowhere'" in str(error)
    assert (error.host, error.datastore) == (ESX1, None)


def test_names_that_differ_in_case_are_two_names() -> None:
    upper = datastore("datastore-3", "SHARED", mount("host-1"))
    assert resolve(Wish(datastore="SHARED"), HOSTS, [SHARED, upper], disk_bytes=0).datastore is upper
    assert refused(Wish(datastore="Shared"), datastores=[SHARED, upper]).code == "datastore_not_found"


def test_ambiguous_names_are_told_apart_by_moref() -> None:
    twin = host("host-9", "esx1")
    error = refused(Wish(host="esx1"), hosts=[ESX1, twin])
    assert error.code == "host_ambiguous"
    assert "host-1, host-9" in str(error)
    assert resolve(Wish(host="host-1"), [ESX1, twin], DATASTORES, disk_bytes=0).host is ESX1

    double = replace(LOCAL2, name="shared")
    error = refused(Wish(datastore="shared"), datastores=[SHARED, double])
    assert error.code == "datastore_ambiguous"
    assert "datastore-1, datastore-2" in str(error)


def test_moref_wins_over_a_name() -> None:
    misnamed = host("host-7", "host-1")
    assert resolve(Wish(host="host-1"), [misnamed, ESX1], DATASTORES, disk_bytes=0).host is ESX1


@pytest.mark.parametrize("written", ["prod/web", "prod%2fweb", "prod%2Fweb"])
def test_escaped_and_plain_names_are_the_same(written: str) -> None:
    slashed = replace(SHARED, name="prod/web")
    assert resolve(Wish(datastore=written), HOSTS, [slashed], disk_bytes=0).datastore is slashed


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"connection_state": "disconnected"}, "host_not_connected", "disconnected"),
        (
            {"connection_state": "notResponding", "power_state": "unknown"},
            "host_not_connected",
            "notResponding",
        ),
        ({"power_state": "standBy"}, "host_not_connected", "standBy"),
        ({"maintenance": True}, "host_in_maintenance", "maintenance"),
    ],
)
@pytest.mark.parametrize("wanted_datastore", [None, "shared"])
def test_host_that_cannot_run_vms(
    changes: dict[str, object], code: str, said: str, wanted_datastore: str | None
) -> None:
    error = refused(Wish("esx1", wanted_datastore), hosts=[replace(ESX1, **changes), ESX2])  # type: ignore[arg-type]
    assert error.code == code
    assert "'esx1'" in str(error)
    assert said in str(error)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"accessible": False}, "datastore_inaccessible", "reaches"),
        ({"maintenance": "entering"}, "datastore_in_maintenance", "entering maintenance"),
        ({"maintenance": "in"}, "datastore_in_maintenance", "in maintenance"),
    ],
)
@pytest.mark.parametrize("wanted_host", [None, "esx1"])
def test_datastore_that_takes_no_vms(
    changes: dict[str, object], code: str, said: str, wanted_host: str | None
) -> None:
    error = refused(Wish(wanted_host, "shared"), datastores=[replace(SHARED, **changes)])  # type: ignore[arg-type]
    assert error.code == code
    assert "'shared'" in str(error)
    assert said in str(error)


@pytest.mark.parametrize("wanted_host", [None, "esx1"])
def test_datastore_too_small(wanted_host: str | None) -> None:
    error = refused(Wish(wanted_host, "shared"), disk_bytes=50 * GIB + 1)
    assert error.code == "datastore_too_small"
    assert "need 50.1 GiB" in str(error)
    assert "50.0 GiB free" in str(error)


def test_datastore_with_just_enough_room() -> None:
    assert resolve(Wish("esx1", "shared"), HOSTS, DATASTORES, disk_bytes=50 * GIB).datastore is SHARED


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        ([], "does not mount"),
        ([mount("host-2")], "does not mount"),
        ([mount("host-1", mounted=False)], "not accessible"),
        ([mount("host-1", accessible=False)], "not accessible"),
        ([mount("host-1", read_only=True)], "read-only"),
    ],
)
def test_host_and_datastore_not_connected_to_each_other(mounts: list[Mount], said: str) -> None:
    error = refused(Wish("esx1", "shared"), datastores=[replace(SHARED, hosts=tuple(mounts))])
    assert error.code == "host_datastore_not_connected"
    assert "'esx1'" in str(error)
    assert "'shared'" in str(error)
    assert said in str(error)


def test_a_disconnected_host_is_not_blamed_on_its_datastore() -> None:
    """Its mounts are inaccessible too, but only because it is away."""
    away = replace(ESX1, connection_state="notResponding")
    lost = replace(SHARED, hosts=(mount("host-1", accessible=False),))
    assert refused(Wish("esx1", "shared"), hosts=[away], datastores=[lost]).code == "host_not_connected"


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [ESX1],
        [replace(ESX2, maintenance=True)],
        [replace(ESX2, connection_state="disconnected")],
    ],
)
def test_datastore_without_a_usable_host(hosts: list[Host]) -> None:
    error = refused(Wish(datastore="esx2-local"), hosts=hosts)
    assert error.code == "no_usable_host"
    assert "'esx2-local'" in str(error)


@pytest.mark.parametrize(
    "datastores",
    [
        [],
        [LOCAL2],
        [replace(SHARED, accessible=False)],
        [replace(SHARED, maintenance="entering")],
        [replace(SHARED, hosts=(mount("host-1", read_only=True),))],
    ],
)
def test_host_without_a_usable_datastore(datastores: list[Datastore]) -> None:
    error = refused(Wish(host="esx1"), datastores=datastores)
    assert error.code == "no_usable_datastore"
    assert "'esx1'" in str(error)


def test_host_without_room() -> None:
    error = refused(Wish(host="esx2"), disk_bytes=60 * GIB)
    assert error.code == "no_datastore_with_room"
    assert "60.0 GiB" in str(error)
    assert "50.0 GiB" in str(error)


def test_host_without_room_on_what_it_can_use() -> None:
    roomy_but_closed = replace(SHARED, free_bytes=90 * GIB, maintenance="in")
    error = refused(Wish(host="esx2"), datastores=[roomy_but_closed, LOCAL2], disk_bytes=60 * GIB)
    assert error.code == "no_datastore_with_room"


def reasons() -> list[type[PlacementRefused]]:
    return PlacementRefused.__subclasses__()


def test_each_reason_has_its_own_code_and_rank() -> None:
    assert len(reasons()) == 16
    assert len({reason.code for reason in reasons()}) == 16
    assert len({reason.rank for reason in reasons()}) == 16


def test_a_cluster_that_knows_the_host_ranks_above_one_that_does_not() -> None:
    stranger = refused(Wish("esx1", "shared"), hosts=[], datastores=[SHARED])
    owner = refused(Wish("esx1", "shared"), datastores=[])
    full = refused(Wish("esx1", "shared"), disk_bytes=60 * GIB)
    assert stranger.rank < owner.rank < full.rank


def test_refusals_are_errors_of_the_package() -> None:
    assert issubclass(PlacementRefused, VSphereError)


@given(free=st.integers(0, 2**50), needed=st.integers(0, 2**50))
def test_message_never_contradicts_the_refusal(free: int, needed: int) -> None:
    """Rounding must not make "needs 10.0 GiB, has 10.0 GiB free" of a shortage."""
    store = replace(SHARED, free_bytes=free)
    if needed <= free:
        resolve(Wish("esx1", "shared"), HOSTS, [store], disk_bytes=needed)
        return
    words = str(refused(Wish("esx1", "shared"), datastores=[store], disk_bytes=needed)).split()
    shown_need, shown_free = (float(words[i - 1]) for i, word in enumerate(words) if word.startswith("GiB"))
    assert shown_need > shown_free
