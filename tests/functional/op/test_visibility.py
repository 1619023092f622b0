"""Nobody sees what is another tenant's: in no list, no tree, no search, no number, no event."""

from typing import Any

import pytest

from polyvisor.op.db.models import Event, Project
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.identity import project as projects
from polyvisor.op.identity import user as users
from polyvisor.op.identity.access import load
from polyvisor.op.identity.actor import Actor, worker
from polyvisor.op.inventory import sight, store
from polyvisor.op.inventory.found import TOP, Found, Ref
from tests.functional.op.inventory import make_cloud, make_tenant, names, put, server

CLUSTER = Ref(Kind.CLUSTER, "vc:domain-c1")


class World:
    """Two tenants on one cloud, and a part of the first; a user of each."""

    def __init__(self, op: Any) -> None:
        self.op = op
        self.cloud = make_cloud(op, "north")
        self.other_cloud = make_cloud(op, "south")
        self.sales = make_tenant(op, "sales", self.cloud, "p-sales")
        self.part = make_tenant(op, "part", self.cloud, "p-part", self.sales["id"])
        self.research = make_tenant(op, "research", self.cloud, "p-research")
        put(op, self.cloud, *self.servers("sales"), *self.servers("part"), *self.servers("research"))
        put(op, self.cloud, *self.common())
        put(op, self.other_cloud, server("elsewhere", "p-sales"))
        self.li = op.user("li", "user", self.sales["node"])
        self.wang = op.user("wang", "user", self.research["node"])

    def servers(self, name: str) -> list[Found]:
        project = f"p-{name}"
        vm = server(f"vm-{name}", project, place=CLUSTER, status=f"S-{name}")
        mine = Ref(Kind.SERVER, vm.external_id)
        return [
            vm,
            Found(Kind.VOLUME, f"v-{name}", f"disk-{name}", "in-use", project, store=TOP, server=mine),
            Found(
                Kind.PORT,
                f"port-{name}",
                f"eth-{name}",
                "UP",
                project,
                network=Ref(Kind.NETWORK, "public"),
                server=mine,
            ),
            Found(Kind.NETWORK, f"net-{name}", f"net-{name}", "UP", project, network=TOP),
            Found(Kind.PROJECT, project, f"project-{name}", "enabled", project),
        ]

    def common(self) -> list[Found]:
        return [
            Found(Kind.CLUSTER, "vc:domain-c1", "cluster1", "up", place=TOP),
            Found(Kind.COMPUTE_SERVICE, "compute1", "compute1", "up"),
            Found(Kind.DATASTORE, "vc:datastore-1", "ssd", "accessible", store=TOP),
            Found(Kind.FLAVOR, "f-1", "small", "available", shared=True),
            Found(Kind.FLAVOR, "f-2", "secret-flavor", "available"),
            Found(Kind.IMAGE, "i-1", "debian", "active", "p-images", shared=True),
            Found(Kind.NETWORK, "public", "public", "UP", "p-images", shared=True, network=TOP),
        ]

    def key(self, name: str) -> str:
        found = self.op.admin.get("search", params={"q": name}).json()["items"]
        return str(found[0]["id"])


@pytest.fixture
def world(op: Any) -> World:
    return World(op)


MINE = {"vm", "disk", "eth", "net", "project"}
SALES = {f"{kind}-{name}" for kind in MINE for name in ("sales", "part")} | {"small", "debian", "public"}
RESEARCH = {f"{kind}-research" for kind in MINE} | {"small", "debian", "public"}


def test_a_list_has_what_is_ones_tenants_and_what_is_shared(world: World) -> None:
    for client, expected in ((world.li, SALES), (world.wang, RESEARCH)):
        for sort in ("name", "status", "-created"):
            answer = client.get("resources", params={"sort": sort})
            assert set(names(answer)) == expected
            assert answer.json()["total"] == len(expected)


@pytest.mark.parametrize(
    "query",
    [
        {"q": "research"},
        {"q": "p-research"},
        {"status": "S-research"},
        {"project": "p-research"},
        {"tag": "red"},
        {"kind": "datastore"},
        {"kind": "cluster"},
        {"q": "secret"},
    ],
)
def test_no_filter_gets_behind_it(world: World, query: dict[str, str]) -> None:
    world.op.admin.put(f"resources/{world.key('vm-research')}/tags", json={"tags": ["red"]})
    answer = world.li.get("resources", params=query)
    assert (answer.json()["items"], answer.json()["total"]) == ([], 0)
    assert names(world.op.admin.get("resources", params=query))


def test_nor_by_tenant_host_or_server(world: World) -> None:
    assert names(world.li.get("resources", params={"tenant": world.research["id"]})) == []
    assert names(world.li.get("resources", params={"tenant": world.part["id"], "kind": "server"})) == [
        "vm-part"
    ]
    for name in ("cluster1", "vm-research", "public"):
        found = names(world.li.get("resources", params={"on": world.key(name)}))
        assert [one for one in found if "research" in one] == []


def test_one_resource_of_another_tenant_is_not_there(world: World) -> None:
    for name in ("vm-research", "disk-research", "cluster1", "ssd", "compute1", "secret-flavor"):
        answer = world.li.get(f"resources/{world.key(name)}")
        assert answer.status_code == 404
        assert answer.json()["detail"] == world.li.get(f"resources/{'0' * 32}").json()["detail"].replace(
            "0" * 32, world.key(name)
        )
        tags = world.li.put(f"resources/{world.key(name)}/tags", json={"tags": ["mine"]})
        assert tags.status_code == 404
    assert world.li.get(f"resources/{world.key('vm-sales')}").status_code == 200


def test_what_is_shared_can_be_seen_and_not_tagged(world: World) -> None:
    assert world.li.get(f"resources/{world.key('debian')}").status_code == 200
    assert world.li.put(f"resources/{world.key('debian')}/tags", json={"tags": ["x"]}).status_code == 403


def test_a_server_does_not_tell_a_tenant_of_the_providers_hosts(world: World) -> None:
    shown = world.li.get(f"resources/{world.key('vm-sales')}").json()
    assert shown["related"]["host"] is None
    assert shown["attributes"] == {"vcpus": 2}
    assert world.op.admin.get(f"resources/{shown['id']}").json()["attributes"]["compute_host"] == "compute1"


def test_search_finds_nothing_of_others(world: World) -> None:
    for q in ("research", "vm-research", "re", "cluster1", "id-of-vm-research", "secret"):
        assert names(world.li.get("search", params={"q": q})) == [], q
    assert names(world.li.get("search", params={"q": "vm-"})) == ["vm-part", "vm-sales"]


def walk(client: Any, view: str, parent: str | None = None) -> list[dict[str, Any]]:
    """All nodes of a tree."""
    query = {"view": view} | ({"parent": parent} if parent else {})
    answer = client.get("tree", params=query)
    assert answer.status_code == 200, answer.text
    below: list[dict[str, Any]] = answer.json()["items"]
    found = []
    for node in below:
        inside = walk(client, view, node["id"])
        assert node["children"] == len([one for one in inside if one["above"] == node["id"]]), node
        found += [node | {"above": parent}, *inside]
    return found


@pytest.mark.parametrize("view", ["hosts", "storage", "networks", "clouds", "tenants"])
def test_a_tree_shows_and_counts_nothing_of_others(world: World, view: str) -> None:
    for client, foreign in ((world.li, "research"), (world.wang, "sales")):
        seen = {one["name"] for one in walk(client, view)}
        assert [name for name in seen if foreign in name] == []
        assert seen.isdisjoint({"cluster1", "ssd", "compute1", "south"})
    everything = {one["name"] for one in walk(world.op.admin, view)}
    assert {name for name in everything if "research" in name}


def test_nor_does_a_node_of_others_open(world: World) -> None:
    for view, parent in (
        ("tenants", f"tenant:{world.research['id']}"),
        ("hosts", world.key("cluster1")),
        ("networks", f"cloud:{world.other_cloud}"),
    ):
        answer = world.li.get("tree", params={"view": view, "parent": parent})
        assert [one for one in names(answer) if "sales" not in one and "part" not in one] == []
    answer = world.li.get("tree", params={"view": "clouds", "parent": world.key("project-research")})
    assert answer.status_code == 404


def test_the_overview_counts_only_ones_own(world: World) -> None:
    clouds = world.li.get("overview").json()["clouds"]
    assert [one["name"] for one in clouds] == ["north"]
    assert clouds[0]["servers"] == {"S-sales": 1, "S-part": 1}
    assert (clouds[0]["capacity"], clouds[0]["readers"]) == (None, [])
    assert "cluster" not in clouds[0]["resources"]


def told(world: World, name: str) -> list[dict[str, Any]]:
    """Data of all events that somebody would be told of."""
    with world.op.platform.database.read() as session:
        user = users.get(session, name)
        access = load(session, Actor(name, "session", user.id))
        seen = sight.look(session, access)
        events = session.query(Event).order_by(Event.id).all()
        return [one.data for one in events if one.type == "resource" and seen.event(one)]


def test_events_are_of_ones_own(world: World) -> None:
    before = len(told(world, "li"))
    put(world.op, world.cloud, server("vm-research", "p-research", status="ERROR"))
    assert len(told(world, "li")) == before
    put(world.op, world.cloud, server("vm-sales", "p-sales", status="ERROR"))
    assert told(world, "li")[-1] == {
        "id": world.key("vm-sales"),
        "kind": "server",
        "version": 2,
        "change": "updated",
    }
    assert world.key("vm-sales") not in {one["id"] for one in told(world, "wang")}
    assert world.key("vm-sales") in {one["id"] for one in told(world, "chief")}


def test_what_changes_hands_has_gone_for_the_former_tenant(world: World) -> None:
    key = world.key("vm-sales")
    put(world.op, world.cloud, server("vm-sales", "p-research", place=CLUSTER))
    assert told(world, "li")[-1]["change"] == "gone"
    assert told(world, "wang")[-1] == {"id": key, "kind": "server", "version": 2, "change": "updated"}
    assert world.li.get(f"resources/{key}").status_code == 404
    assert world.wang.get(f"resources/{key}").status_code == 200


def test_a_project_that_is_taken_away_is_not_seen_from_then_on(world: World) -> None:
    with world.op.platform.database.write() as session:
        found = session.query(Project).filter(Project.external_id == "p-sales").one()
        tenant = projects_tenant(session, found)
        projects.remove(session, worker(), tenant, found)
    assert "vm-sales" not in names(world.li.get("resources"))
    put(world.op, world.cloud, server("vm-sales", "p-sales", status="ERROR"))
    assert "vm-sales" not in names(world.li.get("resources"))


def projects_tenant(session: Any, project: Project) -> Any:
    from polyvisor.op.db.models import Tenant

    return session.get_one(Tenant, project.tenant_id)


def test_a_project_that_is_given_is_seen_at_once(world: World) -> None:
    put(world.op, world.cloud, server("orphan", "p-new"))
    assert "orphan" not in names(world.li.get("resources"))
    with world.op.platform.database.write() as session:
        store.assign(session, world.cloud, "p-new", world.sales["id"])
    assert "orphan" in names(world.li.get("resources"))


def test_a_right_at_a_cloud_shows_all_of_it_and_of_no_other(world: World) -> None:
    client = world.op.user("north-operator", "operator", f"/clouds/{world.cloud}")
    found = names(client.get("resources"))
    assert {"vm-research", "vm-sales", "cluster1", "secret-flavor"} <= set(found)
    assert "elsewhere" not in found
    assert [one["name"] for one in client.get("overview").json()["clouds"]] == ["north"]


def test_a_right_that_is_not_inherited_is_at_that_tenant_only(world: World) -> None:
    client = world.op.user("narrow", "user", world.sales["node"], inherited=False)
    assert names(client.get("resources", params={"kind": "server"})) == ["vm-sales"]


def test_without_the_right_there_is_nothing(world: World) -> None:
    nobody = world.op.user("nobody")
    for path in ("resources", f"resources/{world.key('vm-sales')}", "overview", "events"):
        assert nobody.get(path).status_code == 403
    assert nobody.get("search", params={"q": "vm"}).status_code == 403
    assert nobody.get("tree", params={"view": "hosts"}).status_code == 403
