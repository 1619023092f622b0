"""Bulk reads, and changes as they happen."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import active_count
from time import monotonic
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere.collector import container_view
from polyvisor.vsphere.faults import InvalidState, NotFound, Unavailable
from polyvisor.vsphere.inventory import Change, Watcher, collect, find_vm
from polyvisor.vsphere.session import Endpoint, Session, moref
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.vsphere.conftest import cluster_moref, endpoint_of, named, terminate

OpenSession = Callable[[Endpoint], Session]


def rename(session: Session, vm: Any, name: str) -> None:
    wait_for_task(session, session.call(vm.Rename, name), timeout=30)


def wait_for(changes: "SimpleQueue[Change]", kind: str, key: str) -> Change:
    """Take changes until the wanted one; queue.Empty after 30 s."""
    while True:
        change = changes.get(timeout=30)
        if (change.kind, change.moref) == (kind, key):
            return change


class Interrupted(Session):
    """A session which vCenter ends once, right after the first page of an answer."""

    administrator: Session | None = None

    def call(self, method: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().call(method, *args, **kwargs)
        if self.administrator and getattr(answer, "token", None):
            administrator, self.administrator = self.administrator, None
            terminate(administrator, self)
        return answer


@pytest.mark.parametrize("page_size", [1, 7, 30, 1000])
def test_every_page_is_read(session: Session, page_size: int) -> None:
    found = collect(session, vim.VirtualMachine, ["name", "runtime.powerState"], page_size=page_size)
    assert len(found) == 30
    assert len({props["name"] for props in found.values()}) == 30
    assert all(props["runtime.powerState"] for props in found.values())


@pytest.mark.parametrize("problem", [None, RuntimeError("problem")])
def test_views_are_destroyed(session: Session, problem: Exception | None) -> None:
    with suppress(RuntimeError), container_view(session, vim.VirtualMachine) as view:
        assert len(session.call(lambda: view.view)) == 30
        if problem:
            raise problem
    with pytest.raises(NotFound):
        session.call(lambda: view.view)


def test_only_below_the_container(session: Session) -> None:
    cluster = session.managed_object(vim.ClusterComputeResource, cluster_moref(session))
    hosts = collect(session, vim.HostSystem, ["name"], container=cluster)
    assert sorted(props["name"] for props in hosts.values()) == ["esx11", "esx12", "esx13", "esx14"]


def test_an_unset_property_is_missing(session: Session) -> None:
    found = collect(session, vim.VirtualMachine, ["name", "config.managedBy"])
    assert len(found) == 30
    assert all(set(props) == {"name"} for props in found.values())


def test_nothing_to_find(session: Session) -> None:
    assert collect(session, vim.VirtualApp, ["name"]) == {}


def test_a_container_that_is_gone(session: Session) -> None:
    gone = session.managed_object(vim.Folder, "group-v999999")
    with pytest.raises(NotFound):
        collect(session, vim.VirtualMachine, ["name"], container=gone)


def test_a_session_that_ends_between_two_pages(brownfield: VCenter, administrator: Session) -> None:
    session = Interrupted(endpoint_of(brownfield))
    try:
        session.administrator = administrator
        found = collect(session, vim.VirtualMachine, ["name"], page_size=10)
    finally:
        session.close()
    assert session.administrator is None
    assert len(found) == 30


def test_find_vm_by_instance_uuid(session: Session) -> None:
    found = collect(session, vim.VirtualMachine, ["config.instanceUuid"])
    key, props = next(iter(found.items()))
    assert find_vm(session, props["config.instanceUuid"]) == key


def test_find_no_vm(session: Session) -> None:
    with pytest.raises(NotFound, match="00000000-0000-4000-8000-000000000000"):
        find_vm(session, "00000000-0000-4000-8000-000000000000")


def test_find_two_vms_of_one_uuid(session: Session) -> None:
    found = collect(session, vim.VirtualMachine, ["config.instanceUuid"])
    (first, props), (second, _) = list(found.items())[:2]
    spec = vim.vm.ConfigSpec(instanceUuid=props["config.instanceUuid"])
    vm = session.managed_object(vim.VirtualMachine, second)
    wait_for_task(session, session.call(vm.ReconfigVM_Task, spec), timeout=30)
    with pytest.raises(InvalidState, match=f"{first}.*{second}|{second}.*{first}"):
        find_vm(session, props["config.instanceUuid"])


def test_watcher_knows_everything_and_every_change(session: Session) -> None:
    changes: SimpleQueue[Change] = SimpleQueue()
    with Watcher(session, vim.VirtualMachine, ["name"], on_change=changes.put) as watcher:
        watcher.wait_ready(timeout=30)
        assert watcher.objects == collect(session, vim.VirtualMachine, ["name"])

        vm = named(session, vim.VirtualMachine, "app-003")
        rename(session, vm, "web-003")
        assert wait_for(changes, "modify", moref(vm)) == Change("modify", moref(vm), {"name": "web-003"})
        assert watcher.objects[moref(vm)] == {"name": "web-003"}

        clone = make_clone(session, vm, "web-004")
        assert wait_for(changes, "enter", moref(clone)).properties == {"name": "web-004"}
        wait_for_task(session, session.call(clone.Destroy_Task), timeout=30)
        wait_for(changes, "leave", moref(clone))
        assert moref(clone) not in watcher.objects


def make_clone(session: Session, vm: Any, name: str) -> Any:
    folder = session.call(lambda: vm.parent)
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    return wait_for_task(session, session.call(vm.CloneVM_Task, folder, name, spec), timeout=30)


def test_watcher_stops_at_once(session: Session) -> None:
    threads = active_count()
    with Watcher(session, vim.VirtualMachine, ["name"]) as watcher:
        watcher.wait_ready(timeout=30)
        start = monotonic()
    assert monotonic() - start < 5
    assert active_count() == threads


def test_watcher_survives_a_listener_that_fails(session: Session) -> None:
    seen: SimpleQueue[Change] = SimpleQueue()

    def listen(change: Change) -> None:
        seen.put(change)
        raise RuntimeError("listener")

    vm = named(session, vim.VirtualMachine, "app-005")
    with Watcher(session, vim.VirtualMachine, ["name"], on_change=listen) as watcher:
        watcher.wait_ready(timeout=30)
        rename(session, vm, "web-005")
        assert wait_for(seen, "modify", moref(vm))


def test_watcher_reports_only_differences_after_its_session_ended(
    session: Session, administrator: Session
) -> None:
    changes: SimpleQueue[Change] = SimpleQueue()
    vm = named(administrator, vim.VirtualMachine, "app-006")
    gone = make_clone(administrator, vm, "short-lived")
    with Watcher(session, vim.VirtualMachine, ["name"], on_change=changes.put) as watcher:
        watcher.wait_ready(timeout=30)
        while not changes.empty():
            changes.get()
        terminate(administrator, session)
        rename(administrator, vm, "web-006")
        wait_for_task(administrator, administrator.call(gone.Destroy_Task), timeout=30)
        seen = [changes.get(timeout=30), changes.get(timeout=30)]
        assert {(change.kind, change.moref) for change in seen} == {
            ("modify", moref(vm)),
            ("leave", moref(gone)),
        }
        assert watcher.objects == collect(administrator, vim.VirtualMachine, ["name"])


def test_watcher_outlives_a_restart_of_vcenter(
    vcenter: StartVCenter, open_session: OpenSession, tmp_path: Path
) -> None:
    password = tmp_path / "same"
    password.write_text("the same for both")
    first = vcenter("-password-file", str(password), "-vms", "3")
    session = open_session(endpoint_of(first, password="the same for both"))
    changes: SimpleQueue[Change] = SimpleQueue()
    with Watcher(session, vim.VirtualMachine, ["name"], on_change=changes.put) as watcher:
        watcher.wait_ready(timeout=30)
        first.stop()
        vcenter("-password-file", str(password), "-listen", f"127.0.0.1:{first.port}", "-vms", "4")
        while changes.get(timeout=30).properties["name"] != "app-004":
            pass


def test_watcher_says_why_it_is_not_ready(open_session: OpenSession) -> None:
    session = open_session(Endpoint("127.0.0.1", "user", "secret", port=1))
    with (
        Watcher(session, vim.VirtualMachine, ["name"]) as watcher,
        pytest.raises(Unavailable, match=r"127\.0\.0\.1:1"),
    ):
        watcher.wait_ready(timeout=0.5)
