"""/servers/{id}/os-vmware-snapshot, from the request to the operation in nova-compute and the VM."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
import webtest
from nova.objects.instance import Instance
from nova.objects.instance_action import InstanceActionEventList, InstanceActionList
from pyVmomi import vim

from polyvisor.nova import dependants
from polyvisor.nova.clone import Clone
from polyvisor.sandbox import probes
from polyvisor.vsphere.inventory import find_vm
from polyvisor.vsphere.session import Session, moref
from polyvisor.vsphere.snapshot import NewSnapshot, start_create, start_remove
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud, give_identity
from tests.functional.vsphere.conftest import Faults, endpoint_of

UNKNOWN = "00000000-0000-4000-8000-000000000000"
VOLUME = "3f6b7c52-6c9e-4c6e-8a43-55c2a5a4a0e1"


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter("-vms", "8")


@pytest.fixture
def session(running: VCenter) -> Iterator[Session]:
    """What an administrator does in vCenter, past Nova."""
    with closing(Session(endpoint_of(running, call_timeout=60))) as session:
        yield session


@pytest.fixture
def faults(running: VCenter) -> Iterator[Faults]:
    rules = Faults(running)
    yield rules
    rules.set()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    probes.wait(lambda: None if holds() else what, 60, lambda _: None)


@dataclass
class Server:
    """A server whose VM is in the simulator."""

    cloud: Cloud
    session: Session
    id: str
    vm: Any

    @property
    def path(self) -> str:
        return f"/v2.1/servers/{self.id}/os-vmware-snapshot"

    def snapshots(self) -> list[dict[str, Any]]:
        body = self.cloud.app.get(self.path, headers=self.cloud.token("reader")).json
        return list(body["snapshots"])

    def take(self, name: str, **wanted: Any) -> str:
        """Take a snapshot, wait for it, and return its id."""
        before = {each["id"] for each in self.snapshots()}
        self.post({"snapshot": {"name": name, **wanted}})
        [new] = [each["id"] for each in self.snapshots() if each["id"] not in before]
        return str(new)

    def post(self, body: Any, path: str = "", status: int = 202, headers: Any = None) -> webtest.TestResponse:
        """Ask for something, and wait until it has ended."""
        response = self.cloud.app.post_json(
            self.path + path, body, headers=headers or self.cloud.member, status=status
        )
        self.settle()
        return response

    def revert(self, snapshot: str, *, force: bool = False, status: int = 202) -> webtest.TestResponse:
        headers = self.cloud.admin if force else self.cloud.member
        return self.post({"revert": {"force": force}}, f"/{snapshot}/action", status, headers)

    def delete(self, snapshot: str, query: str = "", status: int = 202) -> None:
        self.cloud.app.delete(f"{self.path}/{snapshot}{query}", headers=self.cloud.member, status=status)
        self.settle()

    def settle(self) -> None:
        wait_until(lambda: self.instance().task_state is None, "the work has not ended")

    def instance(self) -> Instance:
        with self.cloud.targeted() as cell:
            return Instance.get_by_uuid(cell, self.id)

    def ended(self) -> tuple[str, str]:
        """Return how the last action ended, and what it says to administrators."""
        with self.cloud.targeted() as cell:
            action = InstanceActionList.get_by_instance_uuid(cell, self.id)[0]
            events = InstanceActionEventList.get_by_action(cell, action.id)
        event = next(each for each in events if not each.event.endswith("_request"))
        return event.result, event.details

    # --- past Nova ---

    def reconfigure(self, **changes: Any) -> None:
        self.done(self.session.call(self.vm.ReconfigVM_Task, vim.vm.ConfigSpec(**changes)))

    def done(self, task: Any) -> Any:
        return wait_for_task(self.session, task, timeout=30)

    def set_tools(self, status: str) -> None:
        """Let VMware Tools run in the guest, or not."""
        told = vim.option.OptionValue(key="SET.guest.toolsRunningStatus", value=status)
        self.reconfigure(extraConfig=[told])

    def needs_consolidation(self) -> bool:
        shown = self.cloud.app.get(self.path, headers=self.cloud.token("reader")).json
        return bool(shown["consolidation_needed"])

    def take_in_vcenter(self, name: str) -> Any:
        new = NewSnapshot(name, "", memory=False, quiesce=False)
        return self.done(start_create(self.session, moref(self.vm), new))

    def add_volume(self) -> None:
        """Attach a disk, and note it as Nova does for a volume of Cinder."""
        devices = self.session.call(lambda: self.vm.config.hardware.device)
        controller = next(each for each in devices if isinstance(each, vim.vm.device.VirtualSCSIController))
        backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
            fileName=f"[shared1] {uuid.uuid4()}.vmdk", diskMode="persistent", thinProvisioned=True
        )
        disk = vim.vm.device.VirtualDisk(
            key=-1, controllerKey=controller.key, unitNumber=9, capacityInKB=2**20, backing=backing
        )
        add = vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)
        self.reconfigure(deviceChange=[add])
        added = self.devices()[-1].backing.uuid
        self.reconfigure(extraConfig=[vim.option.OptionValue(key=f"volume-{VOLUME}", value=added)])

    def devices(self) -> list[Any]:
        """Return its disks."""
        devices = self.session.call(lambda: self.vm.config.hardware.device)
        return [each for each in devices if isinstance(each, vim.vm.device.VirtualDisk)]


@pytest.fixture
def server(cloud: Cloud, running: VCenter, session: Session) -> Iterator[Server]:
    """A running server without snapshots."""
    cloud.serve("compute1", running, "cluster1")
    server = make_server(cloud, running, session)
    yield server
    server.done(session.call(server.vm.RemoveAllSnapshots_Task, True))


def make_server(cloud: Cloud, running: VCenter, session: Session) -> Server:
    server = cloud.add_server("compute1")
    give_identity(running, "cluster1", server)
    vm = session.managed_object(vim.VirtualMachine, find_vm(session, server))
    if session.call(lambda: vm.runtime.powerState) != "poweredOn":
        wait_for_task(session, session.call(vm.PowerOnVM_Task), timeout=30)
    return Server(cloud, session, server, vm)


def test_take_list_show_revert_delete(server: Server) -> None:
    name = "before/upgrade 100% 🐘"
    first = server.take(name, description="two\nlines")
    second = server.take(name)
    one, other = server.snapshots()
    assert (one["id"], other["id"]) == (first, second)
    assert one["name"] == other["name"] == name
    assert one["description"] == "two\nlines"
    assert (one["children"], other["parent"], other["current"]) == ([second], first, True)
    assert not {"moref", "vm"} & one.keys()
    shown = server.cloud.app.get(f"{server.path}/{first}", headers=server.cloud.token("reader")).json
    assert shown == {"snapshot": one}

    server.revert(first)
    assert server.ended()[0] == "Success"
    assert [each["id"] for each in server.snapshots() if each["current"]] == [first]
    server.delete(first, "?children=true")
    assert server.snapshots() == []


def test_the_power_state_comes_along(server: Server) -> None:
    cold, warm = server.take("disks"), server.take("memory", memory=True)
    server.revert(cold)
    assert (server.instance().vm_state, server.instance().power_state) == ("stopped", 4)
    assert server.session.call(lambda: server.vm.runtime.powerState) == "poweredOff"
    server.revert(warm)
    assert (server.instance().vm_state, server.instance().power_state) == ("active", 1)
    assert server.session.call(lambda: server.vm.runtime.powerState) == "poweredOn"


def test_a_snapshot_from_before_adoption_leaves_the_server_its_identity(server: Server) -> None:
    server.reconfigure(instanceUuid=str(uuid.uuid4()))
    server.take_in_vcenter("before adoption")
    mark = vim.option.OptionValue(key="nvp.vm-uuid", value=server.id)
    server.reconfigure(instanceUuid=server.id, extraConfig=[mark])

    server.revert(server.snapshots()[0]["id"])
    assert server.ended()[0] == "Success"
    config = server.session.call(lambda: server.vm.config)
    assert config.instanceUuid == server.id
    assert {option.key: option.value for option in config.extraConfig}["nvp.vm-uuid"] == server.id


class TestVolumes:
    def test_one_attached_since_stands_in_the_way(self, server: Server) -> None:
        snapshot = server.take("before")
        server.add_volume()
        attached = len(server.devices())
        refused = server.revert(snapshot, status=409).text
        assert f"Volume {VOLUME} was attached after the snapshot. Detach it first." in refused
        assert len(server.devices()) == attached

        server.revert(snapshot, force=True)
        result, details = server.ended()
        assert result == "Success"
        assert VOLUME in details
        assert len(server.devices()) == attached - 1

    def test_one_that_a_snapshot_holds_is_not_detached(self, server: Server) -> None:
        server.add_volume()
        path = f"/v2.1/servers/{server.id}/os-volume_attachments/{VOLUME}"
        left_to_nova = server.cloud.app.delete(path, headers=server.cloud.member, status="*")
        assert "snapshot" not in left_to_nova.text
        server.take("with it")
        fault = server.cloud.app.delete(path, headers=server.cloud.member, status=409).text
        assert "part of vCenter snapshots" in fault
        assert "server vmware snapshot delete" in fault


class TestActionsOfNova:
    def test_those_that_break_snapshots_are_refused(self, server: Server) -> None:
        server.take_in_vcenter("one")
        large = server.cloud.add_flavor(root_gb=2)
        path = f"/v2.1/servers/{server.id}/action"
        for action, reason in (
            ({"rebuild": {"imageRef": UNKNOWN}}, "Rebuilding"),
            ({"shelve": None}, "Shelving"),
            ({"resize": {"flavorRef": large}}, "larger root disk"),
        ):
            fault = server.cloud.app.post_json(path, action, headers=server.cloud.member, status=409).json
            assert reason in fault["conflictingRequest"]["message"]
            assert "has 1 vCenter snapshots" in fault["conflictingRequest"]["message"]

    def test_those_that_do_not_are_nova_s(self, server: Server) -> None:
        server.take_in_vcenter("one")
        path = f"/v2.1/servers/{server.id}/action"
        server.cloud.app.post_json(path, {"os-stop": None}, headers=server.cloud.member, status=202)


class TestRefusals:
    def test_the_id_of_another_server(self, server: Server, running: VCenter) -> None:
        mine = server.take("mine")
        name = server.session.call(lambda: server.vm.name)
        other = server.cloud.add_server("compute1")
        give_identity_to_another(server.session, other, name)
        path = f"/v2.1/servers/{other}/os-vmware-snapshot"
        for wrong in (f"{path}/{mine}", f"{server.path}/{UNKNOWN}", f"{server.path}/nonsense"):
            app, headers = server.cloud.app, server.cloud.member
            assert "has no snapshot" in app.get(wrong, headers=headers, status=404).text
            assert "has no snapshot" in app.delete(wrong, headers=headers, status=404).text
            answer = app.post_json(f"{wrong}/action", {"revert": {}}, headers=headers, status=404)
            assert "has no snapshot" in answer.text
        assert [each["id"] for each in server.snapshots()] == [mine]

    def test_one_that_a_linked_clone_builds_on(self, server: Server) -> None:
        snapshot = server.take("template")
        clone = server.cloud.add_server("compute1")
        marks = Clone(server.id, snapshot, linked=True).to_metadata()
        with server.cloud.targeted() as cell:
            for uuid_, entries in ((clone, marks), (server.id, {dependants.CLONED: "true"})):
                instance = Instance.get_by_uuid(cell, uuid_, expected_attrs=["system_metadata"])
                instance.system_metadata.update(entries)
                instance.save()
        for query in ("", "?children=true"):
            path = f"{server.path}/{snapshot}{query}"
            assert clone in server.cloud.app.delete(path, headers=server.cloud.member, status=409).text
        assert len(server.snapshots()) == 1

    def test_another_project(self, server: Server) -> None:
        snapshot = server.take("mine")
        stranger = server.cloud.token("member", "reader", project="0" * 32)
        server.cloud.app.get(server.path, headers=stranger, status=404)
        server.cloud.app.delete(f"{server.path}/{snapshot}", headers=stranger, status=404)

    def test_policies(self, server: Server) -> None:
        snapshot = server.take("one")
        action = f"/{snapshot}/action"
        server.post({"revert": {"force": True}}, action, status=403)
        reader = server.cloud.token("reader")
        server.post({"revert": {}}, action, status=403, headers=reader)
        server.post({"snapshot": {"name": "two"}}, status=403, headers=reader)
        server.cloud.app.delete(f"{server.path}/{snapshot}", headers=reader, status=403)

    def test_quota(self, server: Server) -> None:
        server.cloud.conf.config(snapshots_per_server=1, group="polyvisor")
        server.take_in_vcenter("by somebody else")
        assert "already has 1 of 1" in server.post({"snapshot": {"name": "one"}}, status=403).text

    def test_a_chain_as_deep_as_vcenter_takes(self, server: Server) -> None:
        server.cloud.conf.config(snapshots_per_server=100, group="polyvisor")
        for number in range(32):
            server.take_in_vcenter(str(number))
        refused = server.post({"snapshot": {"name": "one more"}}, status=409).text
        assert "32 snapshots" in refused
        assert "vCenter takes no more" in refused

    def test_requests_that_make_no_sense(self, server: Server) -> None:
        for wanted in (
            {},
            {"name": ""},
            {"name": " led by a space"},
            {"name": "x" * 256},
            {"name": "bell\a"},
            {"name": "half \ud800"},
            {"name": "one", "memory": True, "quiesce": True},
            {"name": "one", "colour": "red"},
        ):
            server.post({"snapshot": wanted}, status=400)

    def test_nothing_to_quiesce_with(self, server: Server) -> None:
        wanted = {"snapshot": {"name": "one", "quiesce": True}}
        server.set_tools("guestToolsNotRunning")
        assert "no VMware Tools run" in server.post(wanted, status=409).text
        server.set_tools("guestToolsRunning")
        server.post(wanted)
        assert server.snapshots()[0]["quiesced"]

    def test_states_in_which_nova_takes_disks_away(self, server: Server) -> None:
        instance = server.instance()
        for state in ("rescued", "resized", "building"):
            with server.cloud.targeted() as cell, instance.obj_alternate_context(cell):
                instance.vm_state = state
                instance.save()
            assert state in server.post({"snapshot": {"name": "one"}}, status=409).text

    def test_a_locked_server(self, server: Server) -> None:
        instance = server.instance()
        with server.cloud.targeted() as cell, instance.obj_alternate_context(cell):
            instance.locked, instance.locked_by = True, "admin"
            instance.save()
        assert "locked" in server.post({"snapshot": {"name": "one"}}, status=409).text


def give_identity_to_another(session: Session, server: str, taken: str) -> None:
    """Make a VM that is not the one of this name that of a server."""
    found = session.content.viewManager
    view = session.call(found.CreateContainerView, session.content.rootFolder, [vim.VirtualMachine], True)
    vm = next(each for each in session.call(lambda: view.view) if session.call(lambda: each.name) != taken)  # noqa: B023
    task = session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(instanceUuid=server))
    wait_for_task(session, task, timeout=30)


class TestFaults:
    def test_one_at_a_time(self, server: Server, faults: Faults) -> None:
        faults.set({"method": "CreateSnapshot_Task", "delay": "2s"})
        app, headers = server.cloud.app, server.cloud.member
        app.post_json(server.path, {"snapshot": {"name": "first"}}, headers=headers, status=202)
        second = app.post_json(server.path, {"snapshot": {"name": "second"}}, headers=headers, status=409)
        assert "vmware_snapshotting" in second.text
        server.settle()
        assert [each["name"] for each in server.snapshots()] == ["first"]

    @pytest.mark.parametrize("fault", ["TaskInProgress", "ConcurrentAccess"])
    def test_vcenter_is_busy_for_a_while(self, server: Server, faults: Faults, fault: str) -> None:
        faults.set({"method": "CreateSnapshot_Task", "fault": fault, "count": 2})
        server.take("in the end")
        assert server.ended()[0] == "Success"
        assert faults.hits() == [2]

    def test_vcenter_refuses(self, server: Server, faults: Faults) -> None:
        faults.set({"method": "CreateSnapshot_Task", "fault": "NoDiskSpace"})
        server.post({"snapshot": {"name": "one"}})
        result, details = server.ended()
        assert result == "Error"
        assert "NoDiskSpace" in details
        assert server.snapshots() == []

    def test_the_answer_is_lost(self, server: Server, faults: Faults) -> None:
        """VCenter hangs when it is told to begin: it is looked for, and found not to be done."""
        faults.set({"method": "CreateSnapshot_Task", "action": "hang", "count": 1})
        server.post({"snapshot": {"name": "one"}})
        result, details = server.ended()
        assert result == "Error"
        assert "not done" in details

    def test_a_snapshot_that_goes_while_it_is_asked_for(self, server: Server, faults: Faults) -> None:
        snapshot = server.take("one")
        faults.set({"method": "RevertToSnapshot_Task", "fault": "TaskInProgress", "at": "call"})
        path = f"{server.path}/{snapshot}/action"
        server.cloud.app.post_json(path, {"revert": {}}, headers=server.cloud.member, status=202)
        wait_until(lambda: faults.hits()[0] > 0, "vCenter was not told to begin")
        tree = server.session.call(lambda: server.vm.snapshot.rootSnapshotList)
        server.done(start_remove(server.session, moref(tree[0].snapshot), children=False))
        faults.set()
        server.settle()
        assert server.ended()[0] == "Error"
        assert server.instance().vm_state == "active"

    def test_children_that_nobody_has_seen_stay(self, server: Server, faults: Faults) -> None:
        root = server.take("root")
        faults.set({"method": "RemoveSnapshot_Task", "fault": "TaskInProgress", "at": "call"})
        path = f"{server.path}/{root}?children=true"
        server.cloud.app.delete(path, headers=server.cloud.member, status=202)
        wait_until(lambda: faults.hits()[0] > 0, "vCenter was not told to begin")
        server.take_in_vcenter("seen by nobody")
        faults.set()
        server.settle()
        result, details = server.ended()
        assert result == "Error"
        assert "others than when" in details
        assert [each["name"] for each in server.snapshots()] == ["root", "seen by nobody"]


def test_consolidate(server: Server) -> None:
    taken = server.take_in_vcenter("by a program that leaves its files")
    server.done(server.session.call(taken.RemoveSnapshot_Task, False, False))
    assert server.needs_consolidation()

    path = f"/v2.1/servers/{server.id}/action"
    body: dict[str, Any] = {"os-vmware-consolidate": {}}
    server.cloud.app.post_json(path, body, headers=server.cloud.member, status=202)
    server.settle()
    assert server.ended() == ("Success", "consolidate the disks")
    assert not server.needs_consolidation()
