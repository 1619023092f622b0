"""Lists, search, trees, tags and filters of the inventory, on both stores."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from polyvisor.op.db.base import now
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import store
from polyvisor.op.inventory.found import TOP, Found, Ref
from polyvisor.op.inventory.readers import server as server_reader
from tests.functional.op.inventory import make_cloud, make_tenant, names, put, server

CLUSTER = Found(Kind.CLUSTER, "vc:domain-c1", "cluster1", "up", place=TOP)
HOST = Found(Kind.ESXI_HOST, "vc:host-1", "esx1", "connected", place=Ref(Kind.CLUSTER, "vc:domain-c1"))
DATASTORE = Found(Kind.DATASTORE, "vc:datastore-1", "ssd", "accessible", store=TOP)
NETWORK = Found(Kind.NETWORK, "net-1", "vlan20", "ACTIVE", project_id="p-ops", shared=True, network=TOP)


@pytest.fixture
def north(op: Any) -> str:
    return make_cloud(op, "north")


def test_every_page_sorted_either_way_has_everything_once(op: Any, north: str) -> None:
    many = [server(f"vm-{number:02}", status=("ACTIVE", "ERROR")[number % 2]) for number in range(25)]
    put(op, north, *many)
    for sort in ("name", "-name", "status", "-status", "created", "-created"):
        got: list[Any] = []
        query: dict[str, Any] = {"kind": "server", "sort": sort, "limit": 7}
        while True:
            answer = op.admin.get("resources", params=query)
            got += answer.json()["items"]
            assert answer.json()["total"] == (None if "cursor" in query else 25)
            if not answer.json()["next"]:
                break
            query["cursor"] = answer.json()["next"]
        assert sorted(one["name"] for one in got) == [one.name for one in many]
        field = {"created": "created_at"}.get(sort.removeprefix("-"), sort.removeprefix("-"))
        values = [one[field] for one in got]
        assert values == sorted(values, reverse=sort.startswith("-")), sort


def test_filters_are_combined(op: Any, north: str) -> None:
    south = make_cloud(op, "south")
    put(op, north, server("a"), server("b", status="ERROR"), Found(Kind.VOLUME, "v", "disk", "ERROR"))
    put(op, south, server("c", status="ERROR"))
    for query, expected in (
        ({"status": "ERROR"}, ["b", "c", "disk"]),
        ({"status": "ERROR", "kind": "server"}, ["b", "c"]),
        ({"status": "ERROR", "kind": "server", "cloud": south}, ["c"]),
        ({"status": "ERROR", "q": "di"}, ["disk"]),
    ):
        answer = op.admin.get("resources", params=query)
        assert names(answer) == expected
        assert answer.json()["total"] == len(expected)


@pytest.mark.parametrize("query", [{"sort": "colour"}, {"kind": "bike"}, {"cursor": "x"}, {"cloud": "north"}])
def test_what_cannot_be_asked_for_is_refused(op: Any, query: dict[str, str]) -> None:
    answer = op.admin.get("resources", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"query.{next(iter(query))}"


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("web", ["web-1", "Web-2"]),
        ("eb-", ["web-1", "Web-2"]),
        ("WEB 10.0.3", ["web-1"]),
        ("b-2", ["Web-2"]),
        ("生产", ["生产数据库"]),
        ("生产数", ["生产数据库"]),
        ("id-of-db", ["db"]),
        ("100%", ["db"]),
        ('a"b', ["db"]),
        ("%", ["db"]),
        ("nothing of the kind", []),
    ],
)
def test_parts_of_words_are_found(op: Any, north: str, q: str, expected: list[str]) -> None:
    put(
        op,
        north,
        server("web-1", words=("10.0.3.7",)),
        server("Web-2", words=("10.0.4.7",)),
        server("db", words=("100% of", 'a"b')),
        server("生产数据库"),
    )
    assert names(op.admin.get("resources", params={"q": q})) == expected
    assert sorted(names(op.admin.get("search", params={"q": q}))) == sorted(expected)


def test_the_best_match_comes_first(op: Any, north: str) -> None:
    put(op, north, server("a-web"), server("web-1"), server("web"), server("z", words=("web",)))
    assert names(op.admin.get("search", params={"q": "web"}))[:3] == ["web", "web-1", "a-web"]
    assert names(op.admin.get("search", params={"q": "web", "limit": 1})) == ["web"]


def test_what_has_changed_is_found_by_its_new_words_only(op: Any, north: str) -> None:
    put(op, north, server("before"))
    put(op, north, server("before", words=("addition",)))
    put(op, north, Found(Kind.SERVER, "id-of-before", "after", "ACTIVE"))
    assert names(op.admin.get("resources", params={"q": "addition"})) == []
    assert names(op.admin.get("search", params={"q": "after"})) == ["after"]


def test_the_same_again_is_no_change(op: Any, north: str) -> None:
    put(op, north, server("a"))
    before = op.admin.get("resources").json()["items"][0]
    put(op, north, server("a"))
    assert op.admin.get("resources").json()["items"][0] | {"seen_at": 0} == before | {"seen_at": 0}
    put(op, north, server("a", status="ERROR"))
    after = op.admin.get("resources").json()["items"][0]
    assert (after["id"], after["version"], after["status"]) == (before["id"], before["version"] + 1, "ERROR")


def test_what_has_gone_is_in_no_list_and_can_be_looked_at(op: Any, north: str) -> None:
    snapshot = Found(Kind.SNAPSHOT, "s", "before upgrade", "poweredOn", server=Ref(Kind.SERVER, "id-of-a"))
    put(op, north, server("a"), server("b"), snapshot)
    key = op.admin.get("resources", params={"q": "id-of-a"}).json()["items"][0]["id"]
    put(op, north, server("a", deleted=True))
    assert names(op.admin.get("resources")) == ["b"]
    assert op.admin.get(f"resources/{key}").json()["gone_at"]
    put(op, north, server("a"))
    assert op.admin.get(f"resources/{key}").json()["gone_at"] is None


def test_what_a_full_reading_does_not_find_has_gone(op: Any, north: str) -> None:
    put(op, north, server("a"), server("b"), Found(Kind.VOLUME, "v", "disk", "in-use"))
    began = now()
    put(op, north, server("b"))
    with op.platform.database.write() as session:
        store.bury(session, session.scalars(store.unseen(north, [Kind.SERVER], began)))
    assert names(op.admin.get("resources")) == ["b", "disk"]


def test_what_has_been_gone_for_long_is_forgotten(op: Any, north: str, monkeypatch: Any) -> None:
    put(op, north, server("a"))
    key = op.admin.get("resources").json()["items"][0]["id"]
    put(op, north, server("a", deleted=True))
    monkeypatch.setattr(store, "KEPT", timedelta(0))
    with op.platform.database.write() as session:
        store.clean(session)
    assert op.admin.get(f"resources/{key}").status_code == 404


def test_a_cloud_takes_its_resources_with_it(op: Any, north: str) -> None:
    put(op, north, server("a"))
    put(op, make_cloud(op, "south"), server("b"))
    op.admin.put(f"resources/{op.admin.get('resources').json()['items'][0]['id']}/tags", json={"tags": ["x"]})
    op.admin.post(f"clouds/{north}/drain")
    assert op.admin.delete(f"clouds/{north}").status_code == 204
    assert names(op.admin.get("resources")) == ["b"]
    assert names(op.admin.get("search", params={"q": "id-of"})) == ["b"]


def test_a_resource_says_what_belongs_to_it(op: Any, north: str) -> None:
    flavor = Found(Kind.FLAVOR, "f-1", "Small", "available", shared=True)
    image = Found(Kind.IMAGE, "i-1", "debian", "active")
    attributes = {"flavor": "Small", "image_id": "i-1"}
    vm = server("vm", place=Ref(Kind.CLUSTER, "vc:domain-c1"), attributes=attributes)
    mine = Ref(Kind.SERVER, vm.external_id)
    port = Found(Kind.PORT, "port-1", "eth0", "ACTIVE", network=Ref(Kind.NETWORK, "net-1"), server=mine)
    volume = Found(Kind.VOLUME, "v-1", "data", "in-use", store=TOP, server=mine)
    put(op, north, flavor, image, vm, port, volume, CLUSTER, NETWORK)
    ids = {one["name"]: one["id"] for one in op.admin.get("resources").json()["items"]}
    related = op.admin.get(f"resources/{ids['vm']}").json()["related"]
    assert related["flavor"] == ids["Small"]
    assert related["image"] == ids["debian"]
    assert related["host"] == ids["cluster1"]
    assert related["volumes"] == [ids["data"]]
    assert related["ports"] == [ids["eth0"]]
    assert related["snapshots"] == []
    of_port = op.admin.get(f"resources/{ids['eth0']}").json()["related"]
    assert (of_port["server"], of_port["network"]) == (ids["vm"], ids["vlan20"])
    assert names(op.admin.get("resources", params={"on": ids["vm"]})) == ["data", "eth0"]
    assert names(op.admin.get("resources", params={"on": ids["cluster1"], "kind": "server"})) == ["vm"]


def level(client: Any, view: str, parent: str | None = None, **query: Any) -> dict[str, Any]:
    """Name -> node."""
    answer = client.get("tree", params={"view": view, **({"parent": parent} if parent else {}), **query})
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.json()["items"]}


def test_the_trees(op: Any, north: str) -> None:
    tenant = make_tenant(op, "sales", north, "p-sales")
    kvm = Found(Kind.COMPUTE_SERVICE, "kvm1", "kvm1", "up", place=TOP)
    manager = Found(Kind.COMPUTE_SERVICE, "compute1", "compute1", "up")
    on_cluster = server("on-cluster", "p-sales", place=Ref(Kind.CLUSTER, "vc:domain-c1"))
    on_kvm = server("on-kvm", "p-sales", place=Ref(Kind.COMPUTE_SERVICE, "kvm1"))
    nowhere = server("nowhere", "p-sales", place=TOP)
    project = Found(Kind.PROJECT, "p-sales", "sales", "enabled", project_id="p-sales")
    port = Found(Kind.PORT, "port-1", "eth0", "ACTIVE", network=Ref(Kind.NETWORK, "net-1"))
    volume = Found(Kind.VOLUME, "v-1", "data", "in-use", store=TOP)
    rest = (on_cluster, on_kvm, nowhere, project, port, volume)
    put(op, north, CLUSTER, HOST, DATASTORE, NETWORK, kvm, manager, *rest)

    cloud = level(op.admin, "hosts")["north"]
    assert (cloud["kind"], cloud["children"], cloud["resource_id"]) == ("cloud", 3, None)
    top = level(op.admin, "hosts", cloud["id"])
    assert {name: node["children"] for name, node in top.items()} == {"cluster1": 2, "kvm1": 1, "nowhere": 0}
    assert list(level(op.admin, "hosts", top["cluster1"]["id"])) == ["esx1", "on-cluster"]
    assert list(level(op.admin, "hosts", top["kvm1"]["id"])) == ["on-kvm"]
    assert list(level(op.admin, "storage", cloud["id"])) == ["ssd", "data"]
    networks = level(op.admin, "networks", cloud["id"])
    assert networks["vlan20"]["children"] == 1
    assert list(level(op.admin, "networks", networks["vlan20"]["id"])) == ["eth0"]
    projects = level(op.admin, "clouds", level(op.admin, "clouds")["north"]["id"])
    assert projects["sales"]["children"] == 3
    assert list(level(op.admin, "clouds", projects["sales"]["id"])) == ["nowhere", "on-cluster", "on-kvm"]
    assert level(op.admin, "tenants")["sales"] | {"id": f"tenant:{tenant['id']}"} == {
        "id": f"tenant:{tenant['id']}",
        "kind": "tenant",
        "name": "sales",
        "status": "",
        "cloud_id": None,
        "resource_id": None,
        "children": 3,
    }
    assert len(level(op.admin, "tenants", f"tenant:{tenant['id']}")) == 3
    assert op.admin.get("tree", params={"view": "hosts", "parent": f"tenant:{'0' * 32}"}).status_code == 404


def test_a_level_of_a_tree_has_pages(op: Any, north: str) -> None:
    put(op, north, *(server(f"vm-{number}", place=TOP) for number in range(5)))
    query = {"view": "hosts", "parent": f"cloud:{north}", "limit": 3}
    first = op.admin.get("tree", params=query)
    rest = op.admin.get("tree", params=query | {"cursor": first.json()["next"]})
    assert names(first) + names(rest) == [f"vm-{number}" for number in range(5)]
    assert rest.json()["next"] is None


def test_a_tag_is_found_and_stays_when_the_cloud_changes_the_server(op: Any, north: str) -> None:
    put(op, north, server("a"), server("b"))
    key = op.admin.get("resources").json()["items"][0]["id"]
    answer = op.admin.put(f"resources/{key}/tags", json={"tags": ["prod", "web", "prod"]})
    assert answer.json()["tags"] == ["prod", "web"]
    put(op, north, server("a", status="SHUTOFF"))
    assert names(op.admin.get("resources", params={"tag": "prod"})) == ["a"]
    assert names(op.admin.get("search", params={"q": "prod"})) == ["a"]
    assert op.admin.get("audit", params={"action": "resource.tag"}).json()["items"][0]["detail"] == {
        "tags": ["prod", "web"]
    }
    op.admin.put(f"resources/{key}/tags", json={"tags": []})
    assert names(op.admin.get("resources", params={"tag": "prod"})) == []
    assert names(op.admin.get("search", params={"q": "prod"})) == []
    assert op.admin.put(f"resources/{key}/tags", json={"tags": ["a b"]}).status_code == 422


def test_filters_are_ones_own(op: Any) -> None:
    wanted = {"name": "Failed", "query": {"kind": "server", "status": "ERROR"}}
    made = op.make("filters", **wanted)
    assert op.admin.post("filters", json=wanted).status_code == 409
    assert op.admin.post("filters", json={"name": "x", "query": {"colour": "red"}}).status_code == 422
    other = op.user("li")
    assert other.get("filters").json()["items"] == []
    assert other.delete(f"filters/{made['id']}").status_code == 404
    assert [one["name"] for one in op.admin.get("filters").json()["items"]] == ["Failed"]
    assert op.admin.delete(f"filters/{made['id']}").status_code == 204
    assert op.admin.get("filters").json()["items"] == []


def test_the_overview_counts(op: Any, north: str) -> None:
    host = Found(
        Kind.ESXI_HOST,
        "vc:host-1",
        "esx1",
        "connected",
        attributes={"cpu_cores": 8, "memory_bytes": 64, "memory_used_bytes": 1},
    )
    compute = {"vcpus": 4, "vcpus_used": 3, "memory_mb": 1, "memory_mb_used": 0, "local_gb": 2}
    kvm = Found(Kind.COMPUTE_SERVICE, "kvm1", "kvm1", "up", attributes=compute | {"local_gb_used": 1})
    put(op, north, host, kvm, server("a"), server("b"), server("c", status="ERROR"))
    view = op.admin.get("overview").json()["clouds"][0]
    assert view["servers"] == {"ACTIVE": 2, "ERROR": 1}
    assert view["resources"] == {"server": 3, "esxi_host": 1, "compute_service": 1}
    assert view["complete"] is False
    assert view["capacity"] == {
        "vcpus": 12,
        "vcpus_used": 3,
        "memory_bytes": 64 + 2**20,
        "memory_used_bytes": 1,
        "storage_bytes": 2 * 2**30,
        "storage_free_bytes": 2**30,
    }


def test_servers_that_others_have_adopted_are_marked_and_theirs_to_release(op: Any, north: str) -> None:
    told = {"id": "id-of-app", "name": "app", "status": "ACTIVE", "os-server-adopt:adopted": True}
    put(op, north, server_reader.found(told), server_reader.found({"id": "id-of-vm", "name": "vm"}))
    [found] = op.admin.get("resources", params={"q": "adopted"}).json()["items"]
    assert found["name"] == "app"
    shown = op.admin.get(f"resources/{found['id']}").json()["attributes"]
    assert (shown["origin"], "adoption" in shown) == ("adopted", False)
    refused = op.admin.post(f"resources/{found['id']}/release")
    assert (refused.status_code, "polyvisor adopt" in refused.text) == (409, True)
    [other] = op.admin.get("resources", params={"q": "id-of-vm"}).json()["items"]
    assert "origin" not in op.admin.get(f"resources/{other['id']}").json()["attributes"]


def test_a_moment_of_the_cloud_is_kept(op: Any, north: str) -> None:
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    put(op, north, server("a", created=created))
    shown = op.admin.get("resources").json()["items"][0]["created_at"]
    assert datetime.fromisoformat(shown) == created
