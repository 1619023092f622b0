"""What the platform does to a server of a real cloud, looked at in the cloud itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from polyvisor.sandbox import cloud as sandbox
from tests.e2e.test_op_operations import SECONDS, Platform, op
from tests.e2e.volumes import Volumes, find

__all__ = ["op"]  # a fixture


class Subject:
    """A server that the platform has made: its cloud's id and the platform's."""

    def __init__(self, lab: Any, op: Platform, id: str, resource: str) -> None:  # noqa: A002
        self._lab, self._op, self.id, self.resource = lab, op, id, resource

    def act(self, action: str, **arguments: Any) -> Any:
        return self._op.act(self.resource, action, **arguments)

    def now(self) -> Any:
        return self._lab.tenant.compute.get_server(self.id)


@pytest.fixture(scope="module")
def subject(lab: Any, op: Platform) -> Iterator[Subject]:
    made = op.done(op.call("POST", "servers", **op.wanted("e2e-op-server")))
    subject = Subject(lab, op, made["result"]["server"], op.resource(made["result"]["server"]))
    assert made["resource_id"] == subject.resource
    yield subject
    lab.delete(subject.now())


def test_it_is_cloned(lab: Any, op: Platform, subject: Subject, servers: list[Any]) -> None:
    made = subject.act("clone", name="e2e-op-clone", count=2)
    clones = [lab.tenant.compute.get_server(key) for key in made["result"]["servers"]]
    servers += clones
    assert [one.status for one in clones] == ["ACTIVE", "ACTIVE"]
    assert {one.metadata["polyvisor:operation"] for one in clones} == {made["id"]}
    assert all(lab.place(one) for one in clones)
    assert subject.now().status == "ACTIVE"


def test_it_is_resized(lab: Any, subject: Subject, faults: Any) -> None:
    # Nova takes so long to confirm it, and says nothing of that.
    faults([{"method": "DeleteVirtualDisk_Task", "delay": "8s"}])
    subject.act("resize", flavor="small")
    assert lab.faults_hit() > 0
    assert (subject.now().status, subject.now().flavor.original_name) == ("ACTIVE", "small")
    (vm,) = json.loads(lab.govc("vm.info", "-json", find(lab, subject.id)))["virtualMachines"]
    assert vm["config"]["hardware"]["memoryMB"] == 512


def test_it_is_reverted_to_a_snapshot(op: Platform, subject: Subject) -> None:
    subject.act("snapshot", name="before")
    (before,) = snapshots(op, subject)
    subject.act("snapshot", name="after")
    assert [one["name"] for one in snapshots(op, subject) if one["current"]] == ["after"]
    subject.act("revert", snapshot=before["id"])
    assert [one["name"] for one in snapshots(op, subject) if one["current"]] == ["before"]
    assert subject.now().status == "SHUTOFF"  # the snapshot has no memory
    subject.act("delete_snapshot", snapshot=before["id"], children=True)
    assert snapshots(op, subject) == []


def snapshots(op: Platform, subject: Subject) -> list[Any]:
    found: list[Any] = op.call("GET", f"resources/{subject.resource}/snapshots")["snapshots"]
    return found


def test_a_volume_is_attached_and_detached(lab: Any, subject: Subject, volumes: Volumes) -> None:
    volume = volumes.create("--size", "1")
    subject.act("attach_volume", volume=volume)
    assert volumes.status(volume) == "in-use"
    assert [one.volume_id for one in lab.tenant.compute.volume_attachments(subject.id)] == [volume]
    subject.act("detach_volume", volume=volume)
    volumes.wait(volume, "available")
    assert list(lab.tenant.compute.volume_attachments(subject.id)) == []


def test_a_port_is_attached_and_detached(lab: Any, subject: Subject) -> None:
    first = {one.port_id for one in lab.tenant.compute.server_interfaces(subject.id)}
    subject.act("attach_port", network=lab.network)
    both = {one.port_id for one in lab.tenant.compute.server_interfaces(subject.id)}
    (new,) = both - first
    assert lab.tenant.network.get_port(new).status == "ACTIVE"
    subject.act("detach_port", port=new)
    assert {one.port_id for one in lab.tenant.compute.server_interfaces(subject.id)} == first
    assert lab.tenant.network.find_port(new) is None


def test_a_port_that_there_is_is_attached_and_stays(lab: Any, subject: Subject) -> None:
    port = lab.tenant.network.create_port(network_id=lab.network, name="e2e-op")
    try:
        subject.act("attach_port", port=port.id)
        assert port.id in {one.port_id for one in lab.tenant.compute.server_interfaces(subject.id)}
        subject.act("detach_port", port=port.id)
        assert lab.tenant.network.get_port(port.id).device_id == ""
    finally:
        lab.tenant.network.delete_port(port.id)


def test_its_console_has_an_address_while_it_runs(op: Platform, subject: Subject) -> None:
    subject.act("stop")
    refused = op.http.post(
        f"{op.url}/resources/{subject.resource}/console", json={"type": "webmks"}, timeout=SECONDS
    )
    assert (refused.status_code, "start it first" in refused.json()["detail"]) == (409, True)
    subject.act("start")
    console = op.call("POST", f"resources/{subject.resource}/console", type="webmks")
    assert console["protocol"] == "mks"
    assert console["url"].startswith("http")


def test_a_console_that_its_cloud_has_not_is_refused(op: Platform, subject: Subject) -> None:
    answer = op.http.post(
        f"{op.url}/resources/{subject.resource}/console", json={"type": "spice-html5"}, timeout=SECONDS
    )
    assert answer.status_code in {400, 409}
    assert answer.json()["detail"]


@pytest.mark.parametrize("moment", ["schedule", "build"])
def test_one_that_is_cancelled_leaves_nothing(lab: Any, op: Platform, moment: str, faults: Any) -> None:
    # Building waits long enough to be cancelled.
    faults([{"method": "PowerOnVM_Task", "delay": "10s", "count": 1}])
    name = f"e2e-op-cancelled-{moment}"
    operation = op.call("POST", "servers", **op.wanted(name))

    def begun() -> bool:
        return any(step["name"] == moment and step["started"] for step in op.show(operation)["steps"])

    op.until(begun, f"the step {moment} to begin")
    op.call("POST", f"operations/{operation['id']}/cancel")
    op.until(lambda: op.show(operation)["finished"] is not None, "the operation to end")
    assert op.show(operation)["state"] == "cancelled"
    op.until(lambda: [one for one in lab.tenant.compute.servers() if one.name == name] == [], "it to go")
    assert op.show(operation)["resource_id"] is None


def test_a_snapshot_that_is_not_there_is_told_of(op: Platform, subject: Subject) -> None:
    body = {"action": "revert", "arguments": {"snapshot": "snapshot-999999"}}
    operation = op.call("POST", f"resources/{subject.resource}/actions", **body)
    op.until(lambda: op.show(operation)["finished"] is not None, "the operation to end")
    ended = op.show(operation)
    assert ended["state"] == "failed"
    assert "snapshot" in ended["reason"]


def test_an_image_for_another_hypervisor_is_refused_before_anything_is_asked_for(op: Platform) -> None:
    wanted = op.wanted("e2e-op-never", image=sandbox.IMAGE, hypervisor="kvm")
    operation = op.call("POST", "servers", **wanted)
    op.until(lambda: op.show(operation)["finished"] is not None, "the operation to end")
    ended = op.show(operation)
    assert (ended["state"], ended["resource_id"]) == ("failed", None)
    assert "the image is for vmware" in ended["reason"]
