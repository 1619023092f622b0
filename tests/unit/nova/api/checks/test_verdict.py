from typing import Any

import webob.exc
from nova.context import RequestContext

from polyvisor.nova import errors
from polyvisor.nova.api.checks.destination import Destination
from polyvisor.nova.api.checks.verdict import refusal
from polyvisor.nova.api.computes import Answers, Compute
from polyvisor.vsphere.refusal import DatastoreNotFound, HostInMaintenance, HostNotFound, PlacementRefused
from polyvisor.vsphere.wish import Wish

WISH = Wish(host="esx21", datastore=None)
ANYWHERE = Destination()


def compute(host: str, zone: str = "nova", *, disabled: bool = False) -> Compute:
    return Compute(
        host, f"{host}-node.vc", zone, up=True, disabled=disabled, cell=RequestContext(is_admin=False)
    )


def accepts() -> dict[str, Any]:
    return {
        "ok": True,
        "cluster": {"moref": "domain-c1", "name": "cluster2"},
        "host": {"name": "esx21"},
        "datastore": None,
        "code": None,
        "rank": 0,
        "reason": None,
    }


def refuses(kind: type[PlacementRefused]) -> dict[str, Any]:
    return accepts() | {"ok": False, "code": kind.code, "rank": kind.rank, "reason": f"{kind.code} said here"}


def down(host: str) -> tuple[Compute, errors.ComputeUnavailable]:
    return compute(host), errors.ComputeUnavailable(host=host, reason="down")


def judge(
    *given: tuple[Compute, dict[str, Any]],
    missing: tuple[str, ...] = (),
    destination: Destination = ANYWHERE,
    lost_cells: tuple[str, ...] = (),
    wish: Wish = WISH,
) -> webob.exc.HTTPError | None:
    answers = Answers(list(given), [down(host) for host in missing], list(lost_cells))
    return refusal(wish, answers, destination)


def test_one_cluster_that_accepts_is_enough() -> None:
    assert judge((compute("a"), refuses(HostNotFound)), (compute("b"), accepts()), missing=("c",)) is None


def test_the_nearest_miss_is_told() -> None:
    error = judge((compute("a"), refuses(HostNotFound)), (compute("b"), refuses(HostInMaintenance)))
    assert isinstance(error, webob.exc.HTTPBadRequest)
    assert "host_in_maintenance" in error.explanation


def test_a_near_miss_is_told_although_a_cluster_is_missing() -> None:
    error = judge((compute("a"), refuses(HostInMaintenance)), missing=("b",))
    assert isinstance(error, webob.exc.HTTPBadRequest)


def test_an_unknown_place_may_be_in_the_cluster_that_is_missing() -> None:
    error = judge((compute("a"), refuses(HostNotFound)), missing=("b",))
    assert isinstance(error, webob.exc.HTTPServiceUnavailable)
    assert "Compute service b" in error.explanation


def test_an_unknown_datastore_may_be_there_too_unless_its_host_is_known_here() -> None:
    only_datastore = Wish(host=None, datastore="shared9")
    both = Wish(host="esx21", datastore="shared9")
    given = (compute("a"), refuses(DatastoreNotFound))
    assert isinstance(judge(given, missing=("b",), wish=only_datastore), webob.exc.HTTPServiceUnavailable)
    assert isinstance(judge(given, missing=("b",), wish=both), webob.exc.HTTPBadRequest)


def test_a_lost_cell_counts_as_missing() -> None:
    error = judge((compute("a"), refuses(HostNotFound)), lost_cells=("cell2",))
    assert isinstance(error, webob.exc.HTTPServiceUnavailable)
    assert "cell2" in error.explanation


def test_a_missing_cluster_that_is_ruled_out_does_not_count() -> None:
    error = judge((compute("a"), refuses(HostNotFound)), missing=("b",), destination=Destination(host="a"))
    assert isinstance(error, webob.exc.HTTPBadRequest)


def test_a_cluster_of_another_zone_is_named_with_both_zones() -> None:
    error = judge((compute("b", "west"), accepts()), destination=Destination(zone="east"))
    assert isinstance(error, webob.exc.HTTPBadRequest)
    assert all(word in error.explanation for word in ("esx21", "cluster2", "west", "east"))


def test_a_disabled_compute_takes_no_new_server() -> None:
    error = judge((compute("b", disabled=True), accepts()))
    assert isinstance(error, webob.exc.HTTPBadRequest)
    assert "disabled" in error.explanation


def test_without_vmware_there_is_no_place() -> None:
    assert isinstance(judge(), webob.exc.HTTPBadRequest)
