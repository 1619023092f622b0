"""VMs become servers through the platform, whose worker is killed meanwhile, and are let go of again."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyvisor.adoption import plan_file
from polyvisor.sandbox import inventory
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.session import Endpoint, Session
from tests.e2e.test_adoption import BROWNFIELD, PLENTY, quota
from tests.e2e.test_op_operations import Platform, op
from tests.e2e.test_volume import give_admin_a_role_in

__all__ = ["op", "quota"]  # fixtures


class Adoption:
    """An adoption of the brownfield VMs, by the API."""

    def __init__(self, lab: Any, op: Platform) -> None:
        self._lab, self._op = lab, op
        cloud = op.call("GET", "clouds")["items"][0]["id"]
        reach = {
            "host": "127.0.0.1",
            "port": lab.settings.ports["vcenter"],
            "username": inventory.USERNAME,
            "password": lab.settings.secrets["vcenter"],
            "ca_certificate": lab.settings.ca_file.read_text(),
        }
        self.vcenter = op.call("POST", "vcenters", cloud_id=cloud, name="e2e", **reach)
        wanted = {"cloud_id": cloud, "name": "brownfield", "vcenters": [self.vcenter["id"]]}
        self.id = op.call("POST", "adoptions", **wanted)["id"]
        self.path = f"adoptions/{self.id}"
        op.call("PUT", f"{self.path}/rules", rules=yaml.safe_load(BROWNFIELD))

    def ask(self, action: str, **arguments: Any) -> Any:
        return self._op.call("POST", f"{self.path}/{action}", **arguments)

    def do(self, action: str, **arguments: Any) -> Any:
        return self._op.done(self.ask(action, **arguments))

    def vms(self, **params: str) -> list[Any]:
        query = "&".join(f"{name}={value}" for name, value in params.items())
        items: list[Any] = self._op.call("GET", f"{self.path}/vms?{query}")["items"]
        return items

    def progress(self) -> dict[str, int]:
        numbers: dict[str, int] = self._op.call("GET", self.path)["progress"]
        return numbers

    def end(self) -> None:
        for one in self._op.call("GET", f"operations?resource={self.id}")["items"]:
            self._op.until(lambda key=one: self._op.show(key)["finished"] is not None, "operations to end")
        if self.progress().keys() - {"released", "left alone"}:
            self.do("release")
        self._op.call("DELETE", self.path)
        self._op.call("DELETE", f"vcenters/{self.vcenter['id']}")


@pytest.fixture
def adoption(lab: Any, op: Platform, quota: Callable[..., None]) -> Iterator[Adoption]:
    quota(**PLENTY)
    give_admin_a_role_in(lab, "demo")
    made = Adoption(lab, op)
    yield made
    made.end()


@pytest.fixture
def prints(lab: Any) -> Iterator[Callable[[list[Any]], dict[str, dict[str, str]]]]:
    """Give a function that reads the fingerprints of VMs."""
    to = ("127.0.0.1", inventory.USERNAME, lab.settings.secrets["vcenter"], lab.settings.ports["vcenter"])
    session = Session(Endpoint(*to, str(lab.settings.ca_file)))

    def read(vms: list[Any]) -> dict[str, dict[str, str]]:
        morefs = [one["id"].partition(":")[2] for one in vms]
        return {key: item.values for key, item in fingerprint.read(session, morefs).items()}

    yield read
    session.close()


def test_what_vcenter_has_becomes_servers_and_goes_again(
    lab: Any, op: Platform, adoption: Adoption, prints: Callable[..., Any]
) -> None:
    adoption.do("discover")
    ready = adoption.vms(state="ready")
    assert len(ready) >= 4
    assert adoption.vms(severity="note", q="app-")[0]["findings"][0]["way_out"]
    before = prints(ready)
    assert len(adoption.do("apply", dry_run=True)["result"]["waiting"]) == len(ready)

    operation = adoption.ask("apply")
    op.until(lambda: adoption.progress().get("under way", 0) > 0, "VMs to be under way")
    op.kill_worker()
    op.start_worker()
    done = op.done(operation)
    assert done["result"] == done["result"] | {"adopted": len(ready), "failed": 0, "changed": 0}
    adopted = adoption.vms(progress="adopted")
    assert {one["id"] for one in adopted} == {one["id"] for one in ready}
    names = [one.name for one in lab.admin.compute.servers(all_projects=True)]
    assert {one["server"]: names.count(one["server"]) for one in ready} == dict.fromkeys(
        [one["server"] for one in ready], 1
    )

    resource = op.resource(adopted[0]["progress"]["server"])
    assert resource == adopted[0]["progress"]["resource_id"]
    op.until(
        lambda: op.call("GET", f"resources/{resource}")["attributes"].get("origin") == "adopted",
        "the inventory to show it as adopted",
    )
    op.act(resource, "stop")
    op.act(resource, "start")

    assert adoption.do("verify")["result"]["contradictions"] == 0
    path = ready[0]["path"]
    name = path.rpartition("/")[2]
    lab.govc("object.rename", path, "renamed")
    assert adoption.do("verify")["result"]["contradictions"] == 1
    (differing,) = [one for one in adoption.vms(differing="true") if one["id"] == ready[0]["id"]]
    assert "name" in {one["field"] for one in differing["differences"] if one["drift"]}
    lab.govc("object.rename", path.replace(name, "renamed"), name)

    op.done(op.call("POST", f"resources/{resource}/release"))
    assert adoption.progress()["released"] == 1
    adoption.do("release")
    assert adoption.progress() == {"released": len(ready)}
    assert prints(ready) == before
    left = [one.name for one in lab.admin.compute.servers(all_projects=True)]
    assert not {one["server"] for one in ready} & set(left)


def test_the_commands_do_the_same(
    lab: Any, op: Platform, quota: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"e2e-{uuid.uuid4().hex[:8]}"
    quota(**PLENTY)
    give_admin_a_role_in(lab, "demo")
    monkeypatch.setitem(op.environment, "POLYVISOR_VCENTER_PASSWORD", lab.settings.secrets["vcenter"])
    to = ("--host", "127.0.0.1", "--port", str(lab.settings.ports["vcenter"]))
    who = ("--username", inventory.USERNAME, "--ca-file", str(lab.settings.ca_file))
    made = op.command("vcenter", "add", name, "--cloud", "sandbox", *to, *who, "--json")
    assert op.command("vcenter", "probe", name, "--json")["health"] == "ok"
    assert made["id"] in [one["id"] for one in op.command("vcenter", "list", "--json")]
    op.command("adopt", "create", name, "--cloud", "sandbox", "--vcenter", name, "--json")
    (tmp_path / "rules.yaml").write_text(BROWNFIELD)
    op.command("adopt", "rules", name, str(tmp_path / "rules.yaml"))
    assert op.command("adopt", "discover", name, "--json")["result"]["ready"] >= 4
    op.command("adopt", "download", name, str(tmp_path / "plan.yaml"))
    plan = plan_file.load(tmp_path / "plan.yaml")
    (tmp_path / "plan.yaml").write_text((tmp_path / "plan.yaml").read_text() + "# reviewed\n")
    op.command("adopt", "upload", name, str(tmp_path / "plan.yaml"))
    op.command("adopt", "plan", name, "--json")
    first = next(plan.ready()).id
    assert op.command("adopt", "apply", name, "--vm", first, "--json")["result"]["adopted"] == 1
    assert op.command("adopt", "verify", name, "--json")["result"]["contradictions"] == 0
    assert op.command("adopt", "release", name, "--json")["result"]["released"] == 1
    op.command("adopt", "remove", name)
    op.command("vcenter", "remove", name)
