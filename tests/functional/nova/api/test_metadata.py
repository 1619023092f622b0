"""Changes to the metadata of a server, on their way to Nova's own database."""

from typing import Any

import pytest

from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


@pytest.fixture
def one_cluster(cloud: Cloud, running: VCenter) -> Cloud:
    cloud.serve("compute1", running, "cluster1")
    return cloud


def metadata(cloud: Cloud, server: str) -> dict[str, str]:
    body = cloud.app.get(f"/v2.1/servers/{server}/metadata", headers=cloud.member).json
    return dict(body["metadata"])


def post(cloud: Cloud, server: str, change: Any, status: int = 200) -> str:
    url = f"/v2.1/servers/{server}/metadata"
    return str(cloud.app.post_json(url, {"metadata": change}, headers=cloud.member, status=status).text)


def put(cloud: Cloud, server: str, change: Any, status: int = 200) -> str:
    url = f"/v2.1/servers/{server}/metadata"
    return str(cloud.app.put_json(url, {"metadata": change}, headers=cloud.member, status=status).text)


def test_a_wish_that_can_be_met_is_stored(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1", color="blue")
    post(one_cluster, server, {"vmware:host": "esx11"})
    assert metadata(one_cluster, server) == {"color": "blue", "vmware:host": "esx11"}


def test_a_wish_that_cannot_be_met_changes_nothing(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1", color="blue")
    assert "esx99" in post(one_cluster, server, {"vmware:host": "esx99"}, status=400)
    assert "esx99" in put(one_cluster, server, {"vmware:host": "esx99"}, status=400)
    url = f"/v2.1/servers/{server}/metadata/vmware:host"
    one_cluster.app.put_json(url, {"meta": {"vmware:host": "esx99"}}, headers=one_cluster.member, status=400)
    assert metadata(one_cluster, server) == {"color": "blue"}


def test_the_wish_counts_together_with_what_is_there(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1", **{"vmware:host": "esx11"})
    told = post(one_cluster, server, {"vmware:datastore": "esx12-local"}, status=400)
    assert "esx11" in told
    assert "esx12-local" in told


def test_the_same_key_with_different_case_is_refused(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1", **{"vmware:host": "esx11"})
    assert "VMware:Host" in post(one_cluster, server, {"VMware:Host": "esx12"}, status=400)


def test_a_wish_that_no_longer_holds_does_not_block_other_metadata(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1", **{"vmware:host": "gone"})
    post(one_cluster, server, {"color": "blue"})
    put(one_cluster, server, {"vmware:host": "gone", "color": "red"})
    put(one_cluster, server, {"color": "green"})
    assert metadata(one_cluster, server) == {"color": "green"}


@pytest.mark.parametrize("collection", ["servers", "os-volumes_boot"])
def test_rebuild_can_replace_metadata_and_is_checked(one_cluster: Cloud, collection: str) -> None:
    server = one_cluster.add_server("compute1")
    body = {"rebuild": {"imageRef": server, "metadata": {"vmware:host": "esx99"}}}
    url = f"/v2.1/{collection}/{server}/action"
    response = one_cluster.app.post_json(url, body, headers=one_cluster.member, status=400)
    assert "esx99" in response.text


def test_other_actions_go_on_to_nova(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1")
    url = f"/v2.1/servers/{server}/action"
    response = one_cluster.app.post_json(url, {"dance": {}}, headers=one_cluster.member, status=400)
    assert "There is no such action: dance" in response.text


def test_policy_decides_who_may_change_the_wish(one_cluster: Cloud) -> None:
    one_cluster.set_policy({"os-vmware-placement:request": "rule:context_is_admin"})
    server = one_cluster.add_server("compute1", **{"vmware:host": "esx11"})
    post(one_cluster, server, {"vmware:host": "esx12"}, status=403)
    put(one_cluster, server, {"vmware:host": "esx11", "color": "red"})
    assert metadata(one_cluster, server) == {"vmware:host": "esx11", "color": "red"}


@pytest.mark.parametrize("change", [{"vmware:host": 5}, {"vmware:host": None}, "x", [], None])
def test_what_is_no_metadata_is_refused(one_cluster: Cloud, change: Any) -> None:
    server = one_cluster.add_server("compute1")
    post(one_cluster, server, change, status=400)


def test_the_server_of_another_project_is_404(one_cluster: Cloud) -> None:
    server = one_cluster.add_server("compute1")
    stranger = one_cluster.token("member", "reader", project="0" * 32)
    one_cluster.app.post_json(
        f"/v2.1/servers/{server}/metadata",
        {"metadata": {"vmware:host": "esx99"}},
        headers=stranger,
        status=404,
    )
