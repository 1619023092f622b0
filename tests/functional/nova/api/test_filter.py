"""The filter as a part of Nova's pipeline: versions, methods, paths, and leaving the rest alone."""

import pytest

from tests.functional.nova.api.conftest import Cloud

PATHS = ["/os-vmware-hosts", "/os-vmware-datastores"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("version", ["2.1", "2.53", "2.96", "latest"])
def test_any_microversion_of_nova_will_do(cloud: Cloud, path: str, version: str) -> None:
    headers = cloud.admin | {"OpenStack-API-Version": f"compute {version}"}
    ours = cloud.app.get(f"/v2.1{path}", headers=headers).headers
    novas = cloud.app.get("/v2.1/flavors", headers=headers).headers
    for name in ("OpenStack-API-Version", "X-OpenStack-Nova-API-Version", "Vary", "Content-Type"):
        assert ours.getall(name) == novas.getall(name)
    assert ours["x-openstack-request-id"].startswith("req-")


@pytest.mark.parametrize(("version", "status"), [("2.9999", 406), ("two", 400), ("9.1", 406)])
def test_an_invalid_microversion_gets_novas_own_error(cloud: Cloud, version: str, status: int) -> None:
    headers = cloud.admin | {"OpenStack-API-Version": f"compute {version}"}
    ours = cloud.app.get("/v2.1/os-vmware-hosts", headers=headers, status=status)
    novas = cloud.app.get("/v2.1/flavors", headers=headers, status=status)
    assert ours.json == novas.json


@pytest.mark.parametrize(
    "path", [*PATHS, "/servers/6f1a36f8-7d6c-4c2e-9a6e-0d2f3c0b9e11/os-vmware-placement"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(cloud: Cloud, path: str, method: str) -> None:
    response = cloud.app.request(f"/v2.1{path}", method=method, headers=cloud.admin, status=405)
    assert response.headers["Allow"] == "GET"
    assert response.json["badMethod"]["code"] == 405


@pytest.mark.parametrize("path", PATHS)
def test_paths_may_carry_the_project(cloud: Cloud, path: str) -> None:
    cloud.app.get(f"/v2.1/{cloud.project}{path}", headers=cloud.admin, status=200)
    cloud.app.get(f"/v2.1/{'0' * 32}{path}", headers=cloud.admin, status=400)


def test_links_keep_the_project_of_the_path(cloud: Cloud) -> None:
    response = cloud.app.get(f"/v2.1/{cloud.project}/os-vmware-hosts?limit=0", headers=cloud.admin)
    assert response.json == {"hosts": [], "unavailable": []}


@pytest.mark.parametrize("path", PATHS)
def test_the_legacy_endpoint_serves_them_without_versions(cloud: Cloud, path: str) -> None:
    response = cloud.app.get(f"/v2/{cloud.project}{path}", headers=cloud.admin, status=200)
    assert "X-OpenStack-Nova-API-Version" not in response.headers


def test_the_rest_of_nova_is_as_it_was(cloud: Cloud) -> None:
    flavor = cloud.add_flavor()
    body = cloud.app.get("/v2.1/flavors", headers=cloud.member).json
    assert [item["id"] for item in body["flavors"]] == [flavor]
    cloud.app.get("/v2.1/os-vmware-nothing", headers=cloud.member, status=404)


@pytest.mark.parametrize("path", [*PATHS, "/servers/{server}/os-vmware-placement"])
def test_no_route_is_without_a_policy(cloud: Cloud, path: str) -> None:
    nobody = ("os-vmware-hosts:list", "os-vmware-datastores:list")
    cloud.set_policy(
        dict.fromkeys([*nobody, "os-vmware-placement:show", "os-vmware-placement:show:opaque"], "!")
    )
    server = cloud.add_server(None)
    cloud.app.get("/v2.1" + path.format(server=server), headers=cloud.admin, status=403)
