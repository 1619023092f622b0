"""The platform's inventory of the sandbox's OpenStack: what is there, what changes, who sees it."""

import json
import threading
from typing import Any

import pytest
import requests

from tests.e2e.test_op_clouds import SECONDS, Op, cloud, op

__all__ = ["cloud", "op"]  # fixtures
#: The promise is 5 seconds; this machine may have more to do.
CHANGE_SECONDS = 60


def listed(op: Op, kind: str, **query: str) -> dict[str, Any]:
    """Name -> resource, of a kind."""
    words = "&".join(f"{name}={value}" for name, value in query.items())
    return {one["name"]: one for one in op.call("GET", f"resources?kind={kind}&{words}")["items"]}


def one(op: Op, server: Any) -> Any:
    """A server as the platform knows it, or None."""
    found = op.call("GET", f"resources?kind=server&q={server.id}")["items"]
    return found[0] if found else None


@pytest.fixture(scope="module", autouse=True)
def complete(lab: Any, op: Op, cloud: Any) -> None:
    """Everything was read once."""
    lab.until(lambda: op.call("GET", "overview")["clouds"][0]["complete"], "the first reading", SECONDS)


class Listener:
    """Events, as a browser gets them."""

    def __init__(self, op: Op) -> None:
        self.events: list[tuple[str, Any]] = []
        self._answer = op.http.get(f"{op.url}/events", stream=True, timeout=SECONDS)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        name = ""
        for line in self._answer.iter_lines(decode_unicode=True, chunk_size=1):
            if line.startswith("event:"):
                name = line.partition(":")[2].strip()
            elif line.startswith("data:"):
                self.events.append((name, json.loads(line.partition(":")[2])))

    def told(self, key: str) -> list[str]:
        """The changes of a resource that were told of."""
        return [data["change"] for name, data in self.events if name == "resource" and data["id"] == key]


@pytest.fixture
def listener(lab: Any, op: Op) -> Listener:
    made = Listener(op)
    lab.until(lambda: bool(made.events), "the stream to begin")
    return made


def test_every_reader_is_content(op: Op) -> None:
    readers = {one["name"]: one for one in op.call("GET", "overview")["clouds"][0]["readers"]}
    bad = {name: one for name, one in readers.items() if one["state"] != "ok"}
    assert bad == {}


def test_hosts_clusters_and_datastores_of_vcenter_are_there(lab: Any, op: Op) -> None:
    hosts = {path.rsplit("/", 1)[1] for path in lab.govc("find", "/", "-type", "h").splitlines()}
    assert set(listed(op, "esxi_host")) == hosts
    clusters = {path.rsplit("/", 1)[1] for path in lab.govc("find", "/", "-type", "c").splitlines()}
    assert set(listed(op, "cluster")) <= clusters
    assert set(listed(op, "cluster"))
    stores = {path.rsplit("/", 1)[1] for path in lab.govc("find", "/", "-type", "s").splitlines()}
    assert set(listed(op, "datastore")) == stores


def test_what_openstack_has_is_there(lab: Any, op: Op) -> None:
    for kind, of_cloud in (
        ("flavor", lab.admin.compute.flavors(is_public=None)),
        ("image", lab.admin.image.images()),
        ("network", lab.admin.network.networks()),
        ("project", lab.admin.identity.projects()),
        ("volume", lab.admin.block_storage.volumes(all_projects=True)),
        ("server", lab.admin.compute.servers(all_projects=True)),
        ("compute_service", ()),
    ):
        known = {thing["external_id"] for thing in listed(op, kind, limit="1000").values()}
        assert {thing.id for thing in of_cloud} <= known, kind
    assert {"compute1", "compute2"} <= set(listed(op, "compute_service"))


def test_a_server_appears_changes_and_goes_and_browsers_are_told(
    lab: Any, op: Op, servers: list[Any], listener: Listener
) -> None:
    server = lab.build(host="esx11", datastore="shared1")
    servers.append(server)
    lab.until(lambda: (one(op, server) or {}).get("status") == "ACTIVE", "the server", CHANGE_SECONDS)
    key = one(op, server)["id"]
    lab.until(lambda: "created" in listener.told(key), "the event", CHANGE_SECONDS)

    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF")
    lab.until(lambda: one(op, server)["status"] == "SHUTOFF", "the change", CHANGE_SECONDS)
    lab.until(lambda: "updated" in listener.told(key), "the event", CHANGE_SECONDS)

    lab.tenant.compute.delete_server(server)
    lab.until(lambda: one(op, server) is None, "the server to go", CHANGE_SECONDS)
    assert op.call("GET", f"resources/{key}")["gone_at"]
    lab.until(lambda: listener.told(key)[-1] == "gone", "the event", CHANGE_SECONDS)


def test_where_a_server_is_and_what_belongs_to_it(lab: Any, op: Op, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.until(lambda: one(op, server) is not None, "the server", CHANGE_SECONDS)
    key = one(op, server)["id"]
    host, store = listed(op, "esxi_host")["esx12"]["id"], listed(op, "datastore")["shared1"]["id"]

    def related() -> Any:
        return op.call("GET", f"resources/{key}")["related"]

    lab.until(lambda: related()["host"] == host, "its host", SECONDS)
    assert related()["datastores"] == [store]
    assert related()["flavor"] == listed(op, "flavor")["tiny"]["id"]
    assert related()["image"] == op.call("GET", f"resources?kind=image&q={lab.image}")["items"][0]["id"]
    lab.until(lambda: len(related()["ports"]) == 1, "its port", SECONDS)
    below = op.call("GET", f"tree?view=hosts&parent={host}")["items"]
    assert key in [node["resource_id"] for node in below]
    below = op.call("GET", f"tree?view=storage&parent={store}")["items"]
    assert key in [node["resource_id"] for node in below]

    done = lab.openstack("server", "vmware", "snapshot", "create", "--wait", server.id, "first")
    assert done.returncode == 0, done.stderr
    lab.until(lambda: len(related()["snapshots"]) == 1, "its snapshot", SECONDS)
    snapshot = op.call("GET", f"resources/{related()['snapshots'][0]}")
    assert (snapshot["name"], snapshot["related"]["server"]) == ("first", key)


def test_another_tenant_sees_nothing(lab: Any, op: Op, cloud: Any, servers: list[Any]) -> None:
    server = lab.build()
    servers.append(server)
    lab.until(lambda: one(op, server) is not None, "the server", CHANGE_SECONDS)
    mine, other = (_user(lab, op, cloud, name) for name in ("mine", "other"))
    _give(lab, op, cloud, mine.tenant, lab.tenant.current_project_id)
    lab.until(lambda: one(mine, server) is not None, "the tenant to see it", SECONDS)
    assert one(other, server) is None
    assert other.call("GET", f"search?q={server.id}")["items"] == []
    assert other.call("GET", "resources?kind=server")["total"] == 0
    assert other.call("GET", "resources?kind=esxi_host")["total"] == 0
    assert "compute_host" not in one(mine, server)["attributes"]


class _User(Op):
    tenant: str


def _user(lab: Any, op: Op, cloud: Any, name: str) -> _User:
    """A tenant of its own, and who is logged in as a user there."""
    tenant = op.call("POST", "tenants", name=f"inventory-{name}")
    user = op.call("POST", "users", name=f"inventory-{name}", password="a-long-enough-password")
    op.call("POST", "grants", user_id=user["id"], role="user", node=tenant["node"])
    made = _User(lab, op.data, 0)
    made.url, made.tenant, made.http = op.url, tenant["id"], requests.Session()
    wanted = {"name": user["name"], "password": "a-long-enough-password"}
    made.http.post(f"{op.url}/session", json=wanted, timeout=SECONDS).raise_for_status()
    return made


def _give(lab: Any, op: Op, cloud: Any, tenant: str, project: str) -> None:
    """Give a tenant a project that is there."""
    path = f"tenants/{tenant}/projects"
    made = op.call("POST", path, cloud_id=cloud["id"], external_id=project)
    lab.until(lambda: op.call("GET", f"{path}/{made['id']}")["state"] == "ready", "the project", SECONDS)
