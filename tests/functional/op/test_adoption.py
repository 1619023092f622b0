"""Adoption through the platform: a real (simulated) vCenter, the real engine, an OpenStack in memory.

Workers are killed at each point in turn; what real services of OpenStack do is tried end to end.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from polyvisor.adoption import apply as apply_module
from polyvisor.adoption.cloud import Compute
from polyvisor.adoption.discover import discover
from polyvisor.adoption.resources import server, volume
from polyvisor.adoption.texts import MESSAGES
from polyvisor.op.actions.registry import STEPS
from polyvisor.op.adoption import plan_step
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Found
from polyvisor.op.operations.engine import Engine
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.adoption.openstack_double import PROJECT, Fuse, Killed, OpenStack
from tests.functional.adoption.test_crash import RULES
from tests.functional.conftest import StartVCenter
from tests.functional.conftest import VCenter as Simulator
from tests.functional.op.fuzz import fuzz
from tests.functional.op.inventory import make_cloud, make_tenant, put

#: One has a volume; each has a port.
WANTED = ("app-003", "app-007")
#: Of the points at which a worker can die, one in so many is tried: the engine's own tests try them all.
EVERY = 9
#: After these nothing else can be done with an adoption.
ENDING = {
    "remove_adoption",
    *(f"{name}_adoption" for name in ("discover", "plan", "apply", "verify", "release")),
}
#: schemathesis reads YAML of one document only.
SEVERAL_DOCUMENTS = {"download_adoption_plan"}


@pytest.fixture(scope="module")
def simulator(module_vcenter: StartVCenter) -> Simulator:
    return module_vcenter("-vms", "12")


@pytest.fixture(scope="module")
def session(simulator: Simulator) -> Iterator[Session]:
    to = (simulator.host, simulator.username, simulator.password, simulator.port, simulator.ca_file)
    with closing(Session(Endpoint(*to))) as made:
        yield made


class Desk:
    """A platform with a cloud, and workers that do what is asked of it until they are killed."""

    def __init__(self, op: Any, simulator: Simulator, session: Session, openstack: OpenStack) -> None:
        self.op, self.session, self.openstack = op, session, openstack
        self.fuse = Fuse()
        op.platform.clouds.connect = lambda _cloud: openstack.connect(self.fuse)
        self.cloud = make_cloud(op, "north")
        with op.platform.database.write() as writing:
            capabilities = {"polyvisor": {"compute": True}}
            writing.get_one(Cloud, self.cloud).capabilities = capabilities
        self.reach = {
            "host": simulator.host,
            "port": simulator.port,
            "username": simulator.username,
            "password": simulator.password,
            "ca_certificate": Path(simulator.ca_file).read_text(),
        }
        self.vcenter = op.make("vcenters", cloud_id=self.cloud, name="dc1", **self.reach)
        self.begin("shop")

    def begin(self, name: str) -> None:
        made = self.op.make("adoptions", name=name, cloud_id=self.cloud, vcenters=[self.vcenter["id"]])
        self.id, self.path = made["id"], f"adoptions/{made['id']}"

    def get(self, path: str = "", **params: Any) -> Any:
        answer = self.op.admin.get(f"{self.path}{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def vms(self, **params: Any) -> list[Any]:
        items: list[Any] = self.get("/vms", **params)["items"]
        return items

    def vm(self, name: str) -> Any:
        return next(one for one in self.vms() if one["server"] == name)

    def decide(self, *names: str, **wanted: Any) -> Any:
        keys = [self.vm(name)["id"] for name in names]
        return self.op.admin.patch(f"{self.path}/vms", json={"vms": keys, **wanted})

    def ask(self, action: str, **arguments: Any) -> str:
        return str(self.op.make(f"{self.path}/{action}", **arguments)["id"])

    def work(self, key: str, fuse: Fuse | None = None) -> Any:
        """A new worker takes the operation, and brings it to its end if it is not killed."""
        self.fuse = fuse or Fuse()
        engine = Engine(self.op.platform, STEPS)
        fence = engine.take(key)
        position: int | None = 0 if fence is not None else None
        while position is not None and fence is not None:
            position = engine.perform(key, position, fence)
        return self.op.admin.get(f"operations/{key}").json()

    def do(self, action: str, **arguments: Any) -> Any:
        ended = self.work(self.ask(action, **arguments))
        assert ended["state"] == "succeeded", ended
        return ended

    def plan(self) -> None:
        """A plan by which two VMs are ready, and no others."""
        rules = {name: value for name, value in RULES.items() if name != "servers"}
        names = "|".join(WANTED)
        one = {**RULES["servers"][0], "match": {"name": names}}
        answer = self.op.admin.put(f"{self.path}/rules", json={"rules": rules | {"servers": [one]}})
        assert answer.status_code == 200, answer.text
        self.do("discover", tags=False)
        assert {one["server"] for one in self.vms(state="ready")} == set(WANTED)

    def prints(self) -> dict[str, dict[str, str]]:
        morefs = [one["id"].partition(":")[2] for one in self.vms()]
        return {key: item.values for key, item in fingerprint.read(self.session, morefs).items()}


@pytest.fixture
def desk(op: Any, simulator: Simulator, session: Session, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = discover(session, with_tags=False)
    nodes = {
        f"{entity.moref}.{found.vcenter.uuid}": name
        for entity in found.entities.values()
        for name in ("compute1", "compute2")
        if entity.kind == "ClusterComputeResource" and entity.name[-1] == name[-1]
    }
    openstack = OpenStack({node: Compute(host, node) for node, host in nodes.items()})
    for module in (apply_module, plan_step):
        monkeypatch.setattr(module, "read_cloud", openstack.read)
        monkeypatch.setattr(module, "read_rooms", lambda _connection, _projects: {})
    # The double is as quick as it can be.
    monkeypatch.setattr(server, "_PAUSE", 0.001)
    monkeypatch.setattr(server, "_LIST_PAUSE", 0.001)
    monkeypatch.setattr(server, "_OVERLAP", 0.0)
    monkeypatch.setattr(volume, "_PAUSES", (0.001, 0.001))
    return Desk(op, simulator, session, openstack)


# --- vCenters ---


def test_a_vcenter_is_asked_before_it_is_attached(desk: Desk) -> None:
    made = desk.vcenter
    assert made["health"] == "ok"
    assert made["product"]
    assert len(made["uuid"]) == 36
    assert "password" not in json.dumps(desk.op.admin.get("vcenters").json())
    for wrong, status, code in (
        ({"password": "wrong"}, 502, "cloud_refused"),
        ({"port": 1}, 503, "cloud_unavailable"),
        ({"ca_certificate": None}, 502, "cloud_refused"),
        ({"ca_certificate": "no PEM"}, 422, "invalid"),
    ):
        wanted = {"cloud_id": desk.cloud, "name": "dc2"} | desk.reach | wrong
        answer = desk.op.admin.post("vcenters", json=wanted)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert desk.reach["password"] not in answer.text
    twice = desk.op.admin.post("vcenters", json={"cloud_id": desk.cloud, "name": "dc2"} | desk.reach)
    assert twice.status_code == 409
    assert "dc1" in twice.json()["detail"]


def test_a_change_of_a_vcenter_is_tried_first(desk: Desk) -> None:
    path = f"vcenters/{desk.vcenter['id']}"
    assert desk.op.admin.patch(path, json={"password": "wrong"}).status_code == 502
    elsewhere = desk.op.admin.patch(path, json={"host": "localhost", "insecure": True})
    assert (elsewhere.status_code, elsewhere.json()["errors"][0]["field"]) == (422, "body.password")
    moved = {"password": desk.reach["password"], "username": desk.reach["username"]}
    assert desk.op.admin.patch(path, json=moved).status_code == 200
    assert desk.op.admin.post(f"{path}/probe").json()["health"] == "ok"
    assert desk.op.admin.patch(path, json={"name": "dc one"}).json()["name"] == "dc one"
    with desk.op.platform.database.write() as session:
        session.get_one(Cloud, desk.cloud).draining = True
    refused = desk.op.admin.delete(f"clouds/{desk.cloud}")
    assert "detach" in refused.json()["detail"]
    assert desk.op.admin.delete(path).status_code == 409  # an adoption is about it
    assert desk.op.admin.delete(desk.path).status_code == 204
    assert desk.op.admin.delete(path).status_code == 204


def test_only_operators_and_administrators_adopt(desk: Desk) -> None:
    tenant = make_tenant(desk.op, "sales", desk.cloud, PROJECT)
    user = desk.op.user("li", "tenant_manager", tenant["node"])
    for path in ("vcenters", "adoptions", desk.path, f"{desk.path}/vms", f"{desk.path}/plan"):
        assert user.get(path).status_code == 403, path
    auditor = desk.op.user("eve", "auditor")
    assert auditor.get(desk.path).status_code == 200
    assert auditor.post(f"{desk.path}/discover", json={}).status_code == 403
    operator = desk.op.user("ann", "operator", f"/clouds/{desk.cloud}")
    assert [one["name"] for one in operator.get("adoptions").json()["items"]] == ["shop"]
    assert operator.post(f"{desk.path}/discover", json={}).status_code == 202
    other = desk.op.user("bob", "operator", f"/clouds/{make_cloud(desk.op, 'south')}")
    assert other.get("adoptions").json()["items"] == []
    assert other.get(desk.path).status_code == 403


# --- plans ---


def test_discovered_vms_are_found_by_what_is_the_matter_with_them(desk: Desk) -> None:
    assert desk.op.admin.post(f"{desk.path}/plan").status_code == 409
    desk.plan()
    detail = desk.get()
    assert detail["states"]["ready"] == 2
    assert detail["discovered_at"]
    assert detail["planned_at"]
    assert not detail["stale"]
    first = desk.get("/vms", limit=2)
    assert (len(first["items"]), first["total"]) == (2, 12)
    rest = desk.get("/vms", limit=100, cursor=first["next"])
    paths = [one["path"] for one in first["items"] + rest["items"]]
    assert (len(paths), paths) == (12, sorted(paths))
    folders = desk.get("/folders")["items"]
    assert sum(one["vms"] for one in folders) == 12
    inside = desk.vms(folder=folders[0]["path"])
    assert inside
    assert all(one["folder"].startswith(folders[0]["path"]) for one in inside)
    finding = detail["findings"][0]
    found = desk.vms(check=finding["check"])
    assert found
    assert all(finding["check"] in {f["check"] for f in one["findings"]} for one in found)
    told = found[0]["findings"][0]
    assert told["way_out"]
    assert (told["message"]["text"], told["message"]["code"] in MESSAGES) == (told["says"], True)
    assert [one["server"] for one in desk.vms(q="app-003")] == ["app-003"]
    mac = desk.vm("app-003")["ports"][0]["mac"]
    assert [one["server"] for one in desk.vms(q=mac)] == ["app-003"]
    assert finding["check"] in {one["id"] for one in desk.op.admin.get("adoption-checks").json()["items"]}


def test_decisions_stay_when_it_is_planned_again(desk: Desk) -> None:
    desk.plan()
    tenant = make_tenant(desk.op, "sales", desk.cloud, PROJECT)
    answer = desk.decide("app-001", adopt=True, tenant_id=tenant["id"])
    assert answer.json()["items"][0]["project"] == PROJECT
    port = desk.vm("app-003")["ports"][0]
    answer = desk.decide("app-003", server="shop-3", ports=[{"nic": port["nic"], "addresses": ["10.0.9.9"]}])
    assert answer.status_code == 200, answer.text
    assert desk.get()["stale"]
    desk.do("plan")
    assert desk.vm("app-001")["adopt"] is True
    renamed = desk.vm("shop-3")
    assert renamed["ports"][0]["addresses"] == ["10.0.9.9"]
    assert renamed["ports"][0]["network"] == port["network"]
    logged = desk.op.admin.get("audit", params={"action": "adoption.decide"}).json()["items"]
    assert [one["target_name"] for one in logged] == ["shop", "shop"]
    for wrong in (
        {"ports": [{"nic": 1, "leave": True}]},
        {"ports": [{"nic": port["nic"], "network": "nowhere"}]},
        {"server": None},
        {"adopt": True, "tenant_id": "0" * 32},
    ):
        refused = desk.decide("app-001", **wrong)
        assert refused.status_code == 422, (wrong, refused.text)
    assert desk.decide("app-001", "app-007", server="both").status_code == 422


def test_vms_wait_for_their_network_to_be_decided(desk: Desk) -> None:
    desk.plan()

    def give(project: str | None) -> None:
        for network in desk.get("/networks")["items"]:
            wanted = {"key": network["key"], "project": project}
            answer = desk.op.admin.patch(f"{desk.path}/networks", json=wanted)
            assert answer.json()["project"] == project, answer.text

    give(None)
    assert "has no project" in " ".join(desk.vm("app-003")["undecided"])
    assert desk.vms(state="ready") == []
    counted = desk.get()
    assert any("has no project" in reason for reason in counted["undecided"])
    for waits in (desk.vm("app-003")["waits"], [one["message"] for one in counted["waits"]]):
        assert "network_unowned" in {one["code"] for one in waits}
    give("shop")
    assert {one["server"] for one in desk.vms(state="ready")} == set(WANTED)


def test_a_plan_is_taken_away_edited_and_brought_back(desk: Desk) -> None:
    desk.plan()
    text = desk.op.admin.get(f"{desk.path}/plan").text
    assert "kind: plan" in text
    edited = text.replace("server: app-003\n", "server: shop-3  # renamed by hand\n")
    headers = {"Content-Type": "application/yaml"}
    answer = desk.op.admin.put(f"{desk.path}/plan", content=edited, headers=headers)
    assert answer.status_code == 200, answer.text
    desk.do("plan")
    assert desk.vm("shop-3")["state"] == "ready"
    assert "# renamed by hand" in desk.op.admin.get(f"{desk.path}/plan").text
    broken = desk.op.admin.put(
        f"{desk.path}/plan", content=text.replace("adopt: true", "adopt: 3"), headers=headers
    )
    assert broken.status_code == 422
    assert "plan.yaml, line" in broken.json()["detail"]
    other = text.replace(desk.vcenter["uuid"], "00000000-0000-4000-8000-000000000000")
    assert desk.op.admin.put(f"{desk.path}/plan", content=other, headers=headers).status_code == 422


def test_a_bad_rule_is_told_by_its_field(desk: Desk) -> None:
    for rules, field in (
        ({"servers": [{"rule": "x", "match": {"name": "("}}]}, "body.rules.servers.0.match.name"),
        ({"switches": [{"switch": "dvs1"}]}, "body.rules.switches.0.physical_network"),
        ({"addresses": "file.csv"}, "body.rules.addresses"),
    ):
        answer = desk.op.admin.put(f"{desk.path}/rules", json={"rules": rules})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


def test_what_changed_in_vcenter_is_told(desk: Desk, session: Session) -> None:
    desk.plan()
    assert desk.get("/changes")["items"] == []
    edited = desk.op.admin.get(f"{desk.path}/plan").text.replace("power: poweredOn", "power: suspended", 1)
    headers = {"Content-Type": "application/yaml"}
    assert desk.op.admin.put(f"{desk.path}/plan", content=edited, headers=headers).status_code == 200
    desk.do("plan")
    (change,) = desk.get("/changes")["items"]
    assert change["what"] == change["message"]["text"] == "power: suspended -> poweredOn"


def test_schemathesis_finds_nothing_in_an_adoption_that_is_there(desk: Desk) -> None:
    """Elsewhere ids are made up, so that whatever is below an adoption is not found."""
    desk.plan()
    wanted = {"name": "fuzz", "expires_at": (now() + timedelta(days=1)).isoformat()}
    headers = {"Authorization": f"Bearer {desk.op.make('tokens', **wanted)['secret']}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", desk.op.app)
    vm = desk.vm("app-003")["id"]
    named = {"vms": [vm], "key": desk.get("/networks")["items"][0]["key"]}
    tried = set()

    def aim(case: Any) -> None:
        here = {"adoption_id": desk.id, "vm_id": vm}
        case.path_parameters = {name: here[name] for name in case.path_parameters}
        if isinstance(case.body, dict):
            case.body |= {name: value for name, value in named.items() if name in case.body}

    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error raises
        name = operation.definition.raw["operationId"]
        if "{adoption_id}" in operation.path and name not in {*ENDING, *SEVERAL_DOCUMENTS}:
            fuzz(operation.as_strategy(generation_mode=GenerationMode.POSITIVE), headers, aim)
            tried.add(name)
    assert {"decide_adoption_vms", "decide_adoption_network", "upload_adoption_plan"} <= tried


# --- operations ---


def test_adopted_and_released(desk: Desk) -> None:
    desk.plan()
    before = desk.prints()
    assert len(desk.do("apply", dry_run=True)["result"]["waiting"]) == 2
    assert sum(desk.openstack.counted().values()) == 0
    done = desk.do("apply")
    assert done["result"]["adopted"] == 2
    vm = desk.vm("app-003")
    assert (vm["progress"]["state"], vm["progress"]["changed"]) == ("adopted", [])
    assert vm["progress"]["server"] in desk.openstack.tables["servers"]
    assert {one["server"] for one in desk.vms(progress="adopted")} == set(WANTED)
    assert desk.op.admin.delete(desk.path).status_code == 409
    found = Found(Kind.SERVER, vm["progress"]["server"], "app-003", "ACTIVE", project_id=PROJECT)
    put(desk.op, desk.cloud, found)
    resource = desk.op.admin.get(f"resources/{vm['progress']['resource_id']}").json()
    assert resource["attributes"]["origin"] == "adopted"
    assert resource["attributes"]["adoption"] == desk.id
    answer = desk.op.admin.post(f"resources/{resource['id']}/release")
    assert answer.status_code == 202, answer.text
    assert desk.work(answer.json()["id"])["state"] == "succeeded"
    assert desk.get()["progress"] == {"adopted": 1, "released": 1}
    assert desk.op.admin.post(f"resources/{resource['id']}/release").status_code == 409
    desk.do("release")
    assert sum(desk.openstack.counted().values()) == 0
    assert desk.prints() == before
    assert desk.op.admin.delete(desk.path).status_code == 204


def test_several_servers_are_released_at_once_with_a_result_for_each(desk: Desk) -> None:
    desk.plan()
    before = desk.prints()
    desk.do("apply")
    found = [
        Found(Kind.SERVER, vm["progress"]["server"], vm["server"], "ACTIVE", project_id=PROJECT)
        for vm in desk.vms(progress="adopted")
    ]
    stranger = Found(Kind.SERVER, "0" * 8, "stranger", "ACTIVE", project_id=PROJECT)
    put(desk.op, desk.cloud, *found, stranger)
    servers = [one["id"] for one in desk.op.admin.get("resources?kind=server").json()["items"]]
    assert desk.op.admin.post("release", json={"resources": servers[:1] * 2}).status_code == 422
    made = desk.op.make("release", resources=servers)
    assert (made["children_count"], made["state"]) == (2, "running")
    parts = desk.op.admin.get("operations", params={"parent": made["id"]}).json()["items"]
    refused, released = sorted(parts, key=lambda one: one["state"])
    assert (refused["resource_name"], refused["state"]) == ("stranger", "failed")
    assert "was not adopted" in refused["reason"]
    ended = desk.work(released["id"])
    assert {(one["name"], one["state"], one["reason"]) for one in ended["result"]["items"]} == {
        (name, "released", None) for name in WANTED
    }
    whole = desk.op.admin.get(f"operations/{made['id']}").json()
    assert (whole["state"], whole["reason"]) == ("failed", "1 of 2 did not succeed")
    assert desk.op.admin.post(f"operations/{made['id']}/retry").status_code == 202
    assert desk.work(refused["id"])["reason"] == refused["reason"]
    assert sum(desk.openstack.counted().values()) == 0
    assert desk.prints() == before


def test_one_that_fails_has_its_reason_and_is_tried_again(desk: Desk) -> None:
    desk.plan()
    desk.openstack.failing = {"app-003"}
    key = desk.ask("apply")
    ended = desk.work(key)
    assert (ended["state"], ended["result"]["adopted"], ended["result"]["failed"]) == ("failed", 1, 1)
    progress = desk.vm("app-003")["progress"]
    assert progress["reason"] == progress["message"]["params"]["text"] == "vCenter said no"
    desk.openstack.failing = set()
    assert desk.op.admin.post(f"operations/{key}/retry").status_code == 202
    assert desk.work(key)["result"]["adopted"] == 2
    desk.do("release")


class Bell(Fuse):
    """Kills nobody, but rings at the n-th point."""

    def __init__(self, at: int, ring: Callable[[], None]) -> None:
        super().__init__()
        self._until, self._ring = at, ring

    def __call__(self) -> None:
        self._until -= 1
        if self._until == 0:
            self._ring()


def test_cancelled_it_begins_with_no_more_and_leaves_nothing(desk: Desk) -> None:
    desk.plan()
    key = desk.ask("apply")

    def cancel() -> None:
        assert sum(desk.openstack.counted().values()) > 0  # networks are there by now
        assert desk.op.admin.post(f"operations/{key}/cancel").status_code == 202

    ended = desk.work(key, Bell(12, cancel))
    assert ended["state"] == "cancelled", ended
    assert sum(desk.openstack.counted().values()) == 0
    assert desk.get()["progress"] == {}
    assert desk.op.admin.post(f"operations/{key}/retry").status_code == 202
    assert desk.work(key)["result"]["adopted"] == 2
    desk.do("release")


def test_while_one_is_under_way_the_plan_stays(desk: Desk) -> None:
    desk.plan()
    desk.ask("apply")
    assert desk.op.admin.post(f"{desk.path}/release", json={}).status_code == 409
    assert desk.decide("app-003", adopt=False).status_code == 409
    assert desk.op.admin.delete(desk.path).status_code == 409


def test_a_worker_that_lost_its_operation_changes_nothing_more(desk: Desk) -> None:
    """As one that was stopped for longer than its lease, and goes on."""
    desk.plan()
    key = desk.ask("apply")
    engine = Engine(desk.op.platform, STEPS)
    fence = engine.take(key)
    assert fence is not None
    assert desk.work(key)["state"] == "succeeded"
    complete = desk.openstack.counted()
    with pytest.raises(Exception, match=key):
        engine.perform(key, 0, fence)
    assert desk.openstack.counted() == complete
    desk.do("release")


def test_killed_at_any_point_another_worker_ends_it_the_same(desk: Desk) -> None:
    desk.plan()
    before = desk.prints()
    desk.do("apply")
    complete = desk.openstack.counted()
    assert (complete["servers"], complete["ports"], complete["volumes"]) == (2, 2, 1)
    desk.do("release")
    deaths = 0
    for point in count(0, EVERY):
        died = 0
        for action in ("apply", "release"):
            key = desk.ask(action)
            try:
                desk.work(key, Fuse(point))
            except Killed:
                died += 1
                assert desk.work(key)["state"] == "succeeded", (action, point)
            wanted = complete if action == "apply" else dict.fromkeys(complete, 0)
            assert desk.openstack.counted() == wanted, (action, point)
        assert desk.prints() == before, point
        deaths += died
        if not died:
            break
    assert deaths > 5
