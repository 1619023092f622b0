"""Two real OpenStacks and the platform over them: one over vCenter, one over KVM."""

import dataclasses
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from subprocess import CompletedProcess
from typing import Any

import psutil
import pytest
from keystoneauth1 import exceptions

from polyvisor.sandbox import cloud, inventory, platform, settings, supervision
from polyvisor.sandbox.kvm import namespace
from polyvisor.sandbox.platform_client import PlatformClient, PlatformError
from tests.e2e.conftest import ROOT, run_polyvisor

Polyvisor = Callable[..., CompletedProcess[str]]
SECONDS = 300
#: The promise is 5 seconds; this machine may have more to do.
CHANGE_SECONDS = 60
KEYSTONE, NOVA = (inventory.SECOND.named(name) for name in ("keystone", "nova"))


class World:
    """Both OpenStacks, and the platform as its administrator has it."""

    def __init__(self, lab: Any) -> None:
        made = settings.load(ROOT)
        assert made is not None
        self.settings = made
        self.first, self.second = made.openstacks
        self.tenants = {one.openstack.name: cloud.connect(one, "demo") for one in made.openstacks}
        self.client = PlatformClient(made)
        self.call = self.client.call
        (self.tenant,) = self.call("GET", "tenants")["items"]
        self.supervisor = supervision.Supervisor(made)
        self._lab = lab

    def wanted(self, **more: Any) -> dict[str, Any]:
        place = {"image": cloud.COMMON_IMAGE, "networks": [cloud.NETWORK], "flavor": "tiny"}
        return {"name": f"e2e-{uuid.uuid4().hex[:8]}", "tenant_id": self.tenant["id"]} | place | more

    def verdicts(self, **more: Any) -> dict[tuple[str, str], Any]:
        """(Cloud, hypervisor) -> verdict on a server."""
        found = self.call("POST", "servers", **self.wanted(**more), dry_run=True)["candidates"]
        return {(one["cloud"], one["hypervisor"]): one for one in found}

    def done(self, operation: dict[str, Any]) -> Any:
        def show() -> Any:
            return self.call("GET", f"operations/{operation['id']}")

        self.until(lambda: show()["finished"] is not None, f"{operation['action']} to end")
        assert show()["state"] == "succeeded", show()
        return show()

    def clouds(self) -> dict[str, Any]:
        return {one["name"]: one for one in self.call("GET", "clouds")["items"]}

    def until(self, condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        self._lab.until(condition, what, seconds)


@pytest.fixture(scope="module")
def world(lab: Any) -> Iterator[World]:
    try:
        run_polyvisor("up", "--second-cloud", "--op")
        made = World(lab)
        path = f"tenants/{made.tenant['id']}/projects"
        made.until(lambda: states(made, path) == {"ready"}, "the projects")
        made.until(lambda: all(one["complete"] for one in made.call("GET", "overview")["clouds"]), "reading")
        yield made
    finally:
        _leave_the_machine_to_others(lab)


def _leave_the_machine_to_others(lab: Any) -> None:
    """Stop what only these tests need; the next `up` is without it."""
    for name in lab.supervisor.states():
        if name == "op" or name.startswith(inventory.SECOND.named("")):
            lab.supervisor.stop(name)
    made = settings.load(ROOT)
    assert made is not None
    settings.save(dataclasses.replace(made, second=False, op=False))


def states(world: World, path: str) -> set[str]:
    return {one["state"] for one in world.call("GET", path)["items"]}


@pytest.fixture(scope="module")
def pair(world: World) -> Iterator[dict[str, Any]]:
    """Cloud -> the operation that has made a server there, as only its hypervisor was asked for."""
    begun = {
        name: world.call("POST", "servers", **world.wanted(hypervisor=hypervisor))
        for name, hypervisor in (("vcenter", "vmware"), ("kvm", "kvm"))
    }
    yield {name: world.done(one) for name, one in begun.items()}
    for name, one in begun.items():
        key = world.call("GET", f"operations/{one['id']}")["result"].get("server")
        if key:
            world.tenants[name].compute.delete_server(key, ignore_missing=True)


def test_the_second_is_a_cloud_of_its_own(world: World, polyvisor: Polyvisor) -> None:
    first, second = (cloud.connect(one) for one in (world.first, world.second))
    assert [one.host for one in second.compute.services(binary="nova-compute")] == ["kvm2"]
    assert "kvm2" not in {one.host for one in first.compute.services()}
    assert {one.hypervisor_type for one in second.compute.hypervisors(details=True)} == {"QEMU"}
    assert [one.id for one in second.identity.regions()] == ["RegionTwo"]
    with pytest.raises(exceptions.Unauthorized):
        second.session.get(
            f"{world.second.auth_url}/auth/tokens",
            authenticated=False,
            headers={"X-Auth-Token": first.auth_token, "X-Subject-Token": first.auth_token},
        )
    assert "OS_CLOUD=second-demo" in polyvisor("env", "--cloud", "second-demo").stdout
    assert namespace.run(world.second, "hostname") == "kvm2\n"


def test_up_again_changes_nothing(world: World, polyvisor: Polyvisor) -> None:
    before = {name: state["pid"] for name, state in world.supervisor.states().items()}
    assert {KEYSTONE, NOVA, "second-nova-kvm2", "op"} <= before.keys()
    polyvisor("up")
    assert {name: state["pid"] for name, state in world.supervisor.states().items()} == before
    polyvisor("status")


def test_the_second_takes_little_more_than_one_and_a_half_gigabytes(world: World) -> None:
    """Proportional set size: what is shared is counted once. Guests have what their flavors say."""
    prefix = inventory.SECOND.named("")
    used = 0
    for name, state in world.supervisor.states().items():
        if name.startswith(prefix):
            process = psutil.Process(state["pid"])
            family = [process, *process.children(recursive=True)]
            used += sum(one.memory_full_info().pss for one in family if "qemu" not in one.name())
    assert 0 < used < 1.6 * 1024**3


def test_the_password_is_in_its_file_only(world: World) -> None:
    file = platform.password_file(world.settings)
    assert file.stat().st_mode & 0o077 == 0
    password = file.read_text().strip()
    logs = [path for path in world.settings.logs.rglob("*") if path.is_file()]
    assert [path for path in logs if password in path.read_text(errors="replace")] == []
    assert all(password not in " ".join(one.cmdline()) for one in supervision.strays(ROOT))


def test_each_is_registered_as_what_it_is(world: World) -> None:
    found = world.clouds()
    assert {name: one["auth_type"] for name, one in found.items()} == dict.fromkeys(
        ("vcenter", "kvm"), "v3applicationcredential"
    )
    assert {one["health"] for one in found.values()} == {"ok"}
    assert found["kvm"]["region"] == "RegionTwo"
    assert (found["vcenter"]["capabilities"]["polyvisor"] or {})["compute"]
    assert not (found["kvm"]["capabilities"]["polyvisor"] or {}).get("compute")
    assert "block-storage" not in found["kvm"]["capabilities"]["services"]


def test_a_tenant_has_a_project_on_each(world: World) -> None:
    projects = world.call("GET", f"tenants/{world.tenant['id']}/projects")["items"]
    by_cloud = {one["cloud_id"]: one["external_id"] for one in projects}
    assert by_cloud == {
        one["id"]: world.tenants[name].current_project_id for name, one in world.clouds().items()
    }


def test_the_hypervisor_that_is_asked_for_decides_on_the_cloud(world: World, pair: dict[str, Any]) -> None:
    verdicts = world.verdicts()
    assert {place: one["ok"] for place, one in verdicts.items()} == {
        ("vcenter", "vmware"): True,
        ("vcenter", "kvm"): False,  # its image of that name is for VMware
        ("kvm", "kvm"): True,
    }
    assert "vmware" in verdicts["vcenter", "kvm"]["reason"]
    fits = {place for place, one in world.verdicts(hypervisor="kvm").items() if one["ok"]}
    assert fits == {("kvm", "kvm")}
    for name, made in pair.items():
        server = world.tenants[name].compute.get_server(made["result"]["server"])
        assert server.status == "ACTIVE"
        assert made["cloud_id"] == world.clouds()[name]["id"]


def test_one_search_sees_both(world: World, pair: dict[str, Any]) -> None:
    def found() -> set[str]:
        items = world.call("GET", "search?q=e2e-&limit=100")["items"]
        return {one["id"] for one in items if one["kind"] == "server"}

    world.until(lambda: {one["resource_id"] for one in pair.values()} <= found(), "both servers", 60)
    tops = world.call("GET", "tree?view=hosts")["items"]
    assert {one["name"] for one in tops} == {"vcenter", "kvm"}


def test_a_stock_cloud_refuses_what_only_polyvisor_can(world: World, pair: dict[str, Any]) -> None:
    body = {"action": "snapshot", "arguments": {"name": "one"}}
    with pytest.raises(PlatformError, match=r"HTTP 409.*plug-in is not in its Nova"):
        world.call("POST", f"resources/{pair['kvm']['resource_id']}/actions", **body)


def test_a_cloud_that_is_gone_is_grey_and_delays_nobody(
    lab: Any, world: World, pair: dict[str, Any], servers: list[Any]
) -> None:
    for name in (NOVA, KEYSTONE):
        world.supervisor.stop(name)
    try:
        world.until(lambda: world.clouds()["kvm"]["health"] == "down", "the cloud to be found down")
        gone = world.clouds()["kvm"]
        assert "does not answer" in gone["health_reason"]
        assert any(world.second.url(name) in gone["health_reason"] for name in ("keystone", "nova"))
        assert gone["health_since"]
        branch = {one["name"]: one["status"] for one in world.call("GET", "tree?view=hosts")["items"]}
        assert branch == {"vcenter": "ok", "kvm": "down"}
        # What was last read of it stays, and can be found.
        assert world.call("GET", f"resources/{pair['kvm']['resource_id']}")["status"] == "ACTIVE"
        verdicts = world.verdicts()
        assert verdicts["vcenter", "vmware"]["ok"]
        assert [one["filter"] for (name, _), one in verdicts.items() if name == "kvm"] == ["reachable"]
        # The other is followed as ever.
        server = lab.build()
        servers.append(server)
        world.until(lambda: known(world, server.id) == "ACTIVE", "the other's change", CHANGE_SECONDS)
    finally:
        for name in (KEYSTONE, NOVA):
            world.supervisor.restart(name)
    world.until(lambda: world.clouds()["kvm"]["health"] == "ok", "the cloud to be well again")
    server = pair["kvm"]["result"]["server"]
    world.tenants["kvm"].compute.stop_server(server)
    world.until(lambda: known(world, server) == "SHUTOFF", "a change of it")


def known(world: World, server: str) -> str | None:
    """A server's status as the platform has it."""
    found = world.call("GET", f"resources?kind=server&q={server}")["items"]
    return str(found[0]["status"]) if found else None


def test_a_server_of_each_is_deleted_by_the_platform(world: World, pair: dict[str, Any]) -> None:
    for name, made in pair.items():
        path = f"resources/{made['resource_id']}/actions"
        world.done(world.call("POST", path, action="delete"))
        assert world.tenants[name].compute.find_server(made["result"]["server"]) is None


def test_it_comes_back_after_supervisord_was_killed_and_down(world: World, polyvisor: Polyvisor) -> None:
    os.kill(int((ROOT / "supervisord.pid").read_text()), signal.SIGKILL)
    polyvisor("down")
    assert [one for one in psutil.process_iter() if str(ROOT) in environment(one)] == []
    polyvisor("up")
    polyvisor("status")
    world.until(lambda: {one["health"] for one in world.clouds().values()} == {"ok"}, "both clouds")


def environment(process: psutil.Process) -> str:
    try:
        own = process.pid == os.getpid()
        return "" if own else process.environ().get("POLYVISOR_SANDBOX", "")
    except (psutil.Error, OSError):
        return ""
