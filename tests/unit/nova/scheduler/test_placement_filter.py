"""Which compute services the filter passes. Nova's own objects; the clusters' answers are made up here."""

from typing import Any

import pytest
from nova import context, exception, objects
from nova.compute import task_states
from nova.objects.request_spec import RequestSpec
from nova.scheduler.host_manager import HostState

from polyvisor.nova import errors, rpc
from polyvisor.nova.origin import Bounds
from polyvisor.nova.scheduler import placement_filter
from polyvisor.nova.scheduler.server import Server

objects.register_all()

WISH = {"vmware:host": "esx11", "vmware:datastore": "shared1"}
YES: rpc.Answer = {"ok": True, "reason": None}
NO: rpc.Answer = {"ok": False, "rank": 7, "reason": "ESXi host esx11 is in maintenance"}
UNKNOWN: rpc.Answer = {"ok": False, "rank": 1, "reason": "ESXi host esx11 is not in this cluster"}
CELL = "c0000000-0000-4000-8000-000000000001"


class Clusters:
    """Stands for the computes at the other end of RPC."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"vc1": NO, "vc2": NO}
        self.asked: list[tuple[str, int]] = []

    def check_placement(
        self, ctxt: Any, compute: str, host: str | None, datastore: str | None, disk_bytes: int
    ) -> rpc.Answer:
        assert (host, datastore) == ("esx11", "shared1")
        self.asked.append((compute, disk_bytes))
        answer = self.answers[compute]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch) -> Clusters:
    clusters = Clusters()
    monkeypatch.setattr(rpc, "PolyvisorAPI", lambda: clusters)
    monkeypatch.setattr(placement_filter, "_targeted", lambda *args: args[0])
    return clusters


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that says which server is scheduled."""

    def be(**fields: Any) -> None:
        fields = dict[str, Any](metadata=WISH, is_new=True) | fields
        monkeypatch.setattr(Server, "of", lambda _: Server(**fields))

    be()
    return be


def spec(**fields: Any) -> RequestSpec:
    fields = {"num_instances": 1} | fields
    flavor = objects.Flavor(root_gb=1, ephemeral_gb=0, swap=0)
    admin = context.get_admin_context()
    return RequestSpec(admin, instance_uuid=CELL, flavor=flavor, scheduler_hints={}, **fields)


def passing(request: RequestSpec, clusters: Clusters) -> list[str]:
    hosts = [HostState(name, name, CELL) for name in ("vc1", "vc2", "kvm1")]
    for host in hosts:
        host.hypervisor_type = "QEMU" if host.host == "kvm1" else "VMware vCenter Server"
    return [host.host for host in placement_filter.PlacementFilter().filter_all(hosts, request)]


def test_without_a_wish_nobody_is_asked(clusters: Clusters, server: Any) -> None:
    server(metadata={})

    assert passing(spec(), clusters) == ["vc1", "vc2", "kvm1"]
    assert clusters.asked == []


def test_only_the_cluster_that_has_the_place(clusters: Clusters, server: Any) -> None:
    clusters.answers["vc2"] = YES

    assert passing(spec(), clusters) == ["vc2"]
    assert sorted(clusters.asked) == [("vc1", 2**30), ("vc2", 2**30)]


def test_a_clone_stays_in_the_vcenter_of_its_source(clusters: Clusters, server: Any) -> None:
    server(metadata={}, bounds=Bounds(node="vc2"))
    assert passing(spec(), clusters) == ["vc2"]

    clusters.answers = dict.fromkeys(clusters.answers, YES)
    server(bounds=Bounds(vcenter="another"))
    assert passing(spec(num_instances=2), clusters) == []
    assert clusters.asked == []


@pytest.mark.parametrize(
    "answer", [UNKNOWN, errors.VCenterUnavailable(vcenter="vc", host="vc1", reason="down")]
)
def test_a_new_server_without_its_place_goes_nowhere_and_says_why(
    clusters: Clusters, server: Any, answer: Any
) -> None:
    clusters.answers["vc1"] = answer

    with pytest.raises(exception.NoValidHost, match="esx11 is in maintenance"):
        passing(spec(), clusters)


def test_without_any_answer_the_reason_is_what_went_wrong(clusters: Clusters, server: Any) -> None:
    down = errors.VCenterUnavailable(vcenter="vc", host="vc1", reason="down")
    clusters.answers = {"vc1": down, "vc2": down}

    with pytest.raises(exception.NoValidHost, match="down"):
        passing(spec(), clusters)


def test_of_many_servers_nova_gives_back_what_the_first_have_claimed(clusters: Clusters, server: Any) -> None:
    assert passing(spec(num_instances=2), clusters) == []


def test_a_wish_that_contradicts_itself_goes_nowhere(clusters: Clusters, server: Any) -> None:
    server(metadata={"vmware:host": "a", "VMWARE:HOST": "b"})

    assert passing(spec(), clusters) == []


def test_a_bug_in_one_compute_leaves_the_others(clusters: Clusters, server: Any) -> None:
    clusters.answers = {"vc1": RuntimeError("bug"), "vc2": YES}

    assert passing(spec(), clusters) == ["vc2"]


def test_many_servers_of_one_request_ask_once(clusters: Clusters, server: Any) -> None:
    request = spec(num_instances=3)
    the_filter = placement_filter.PlacementFilter()
    host = HostState("vc1", "vc1", CELL)
    host.hypervisor_type = "VMware vCenter Server"

    for _ in range(3):
        the_filter.filter_all([host], request)

    assert len(clusters.asked) == 1


def test_an_offloaded_server_moves_on_where_its_wish_holds_nowhere(clusters: Clusters, server: Any) -> None:
    server(is_new=False, task_state=task_states.UNSHELVING)

    assert passing(spec(), clusters) == ["vc1", "vc2"]


def test_a_live_migration_keeps_to_a_wish_that_holds_where_the_server_is(
    clusters: Clusters, server: Any
) -> None:
    server(is_new=False, host="vc3", cell=CELL, task_state=task_states.MIGRATING, in_vcenter=True)
    clusters.answers["vc3"] = YES

    assert passing(spec(), clusters) == []
    assert ("vc3", 0) in clusters.asked


def test_an_operator_may_name_the_destination(clusters: Clusters, server: Any) -> None:
    server(is_new=False, host="vc1", cell=CELL, task_state=task_states.MIGRATING, in_vcenter=True)
    request = spec(requested_destination=objects.Destination(host="vc2"))

    assert passing(request, clusters) == ["vc1", "vc2", "kvm1"]


@pytest.mark.parametrize("metadata", [{}, WISH])
def test_a_resize_stays_in_its_cluster(clusters: Clusters, server: Any, metadata: dict[str, str]) -> None:
    server(
        metadata=metadata,
        is_new=False,
        host="vc1",
        cell=CELL,
        task_state=task_states.RESIZE_PREP,
        in_vcenter=True,
    )

    assert passing(spec(), clusters) == ["vc1"]


def test_a_resize_under_kvm_is_none_of_our_business(clusters: Clusters, server: Any) -> None:
    server(metadata={}, is_new=False, host="kvm1", cell=CELL, task_state=task_states.RESIZE_PREP)

    assert passing(spec(), clusters) == ["vc1", "vc2", "kvm1"]


def test_a_rebuild_is_not_scheduled(clusters: Clusters, server: Any) -> None:
    request = spec()
    request.scheduler_hints = {"_nova_check_type": ["rebuild"]}

    assert passing(request, clusters) == ["vc1", "vc2", "kvm1"]
