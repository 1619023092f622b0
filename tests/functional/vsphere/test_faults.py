"""What a vCenter that fails looks like to the caller, and what is asked again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from time import monotonic
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere import faults as errors
from polyvisor.vsphere.inventory import Change, Watcher, collect
from polyvisor.vsphere.session import Endpoint, Session, moref
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import VCenter
from tests.functional.vsphere.conftest import Faults, endpoint_of, named

OpenSession = Callable[[Endpoint], Session]


def power_off(session: Session, vm: Any) -> None:
    wait_for_task(session, session.call(vm.PowerOffVM_Task), timeout=30)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("TaskInProgress", errors.Busy),
        ("InvalidState", errors.InvalidState),
        ("NoPermission", errors.PermissionDenied),
        ("ManagedObjectNotFound", errors.NotFound),
        ("NotSupported", errors.NotSupported),
        ("HostNotConnected", errors.HostUnreachable),
        ("SystemError", errors.OperationFailed),
    ],
)
@pytest.mark.parametrize("at", ["call", "task"])
def test_faults_of_calls_and_tasks(
    session: Session, faults: Faults, fault: str, error: type[errors.VSphereError], at: str
) -> None:
    vm = named(session, vim.VirtualMachine, "app-001")
    faults.set({"method": "PowerOffVM_Task", "object": "app-001", "fault": fault, "at": at})
    with pytest.raises(error, match=fault) as caught:
        power_off(session, vm)
    assert type(caught.value) is error
    assert caught.value.fault == fault


@pytest.mark.parametrize(("action", "words"), [("hang", "no answer in time"), ("drop", "closed connection")])
def test_a_call_without_an_answer_is_not_asked_again(
    brownfield: VCenter, open_session: OpenSession, faults: Faults, action: str, words: str
) -> None:
    """It may have happened."""
    session = open_session(endpoint_of(brownfield, call_timeout=1))
    vm = named(session, vim.VirtualMachine, "app-002")
    faults.set({"method": "PowerOffVM_Task", "action": action})
    start = monotonic()
    with pytest.raises(errors.Unavailable, match=words) as caught:
        power_off(session, vm)
    assert not caught.value.retriable
    assert monotonic() - start < 3
    assert faults.hits() == [1]
    assert session.call(lambda: vm.name) == "app-002"


def test_one_hung_call_does_not_hold_up_the_others(
    brownfield: VCenter, open_session: OpenSession, faults: Faults
) -> None:
    session = open_session(endpoint_of(brownfield, call_timeout=3))
    vm = named(session, vim.VirtualMachine, "app-003")
    faults.set({"method": "PowerOffVM_Task", "action": "hang"})
    with ThreadPoolExecutor(8) as pool:
        hung = [pool.submit(session.call, vm.PowerOffVM_Task) for _ in range(7)]
        start = monotonic()
        assert len(collect(session, vim.HostSystem, ["name"])) == 8
        assert monotonic() - start < 2
        assert all(isinstance(call.exception(), errors.Unavailable) for call in hung)


def test_a_session_lost_in_the_middle_of_a_read(session: Session, faults: Faults) -> None:
    faults.set({"method": "RetrievePropertiesEx", "fault": "NotAuthenticated", "count": 1})
    assert len(collect(session, vim.VirtualMachine, ["name"])) == 30
    assert faults.hits() == [1]


def test_a_session_that_is_refused_again_and_again(session: Session, faults: Faults) -> None:
    """One more try, then the truth: a loop would be a storm of logins."""
    session.call(lambda: session.content.rootFolder.name)
    faults.set({"method": "CurrentTime", "fault": "NotAuthenticated"})
    service = session.managed_object(vim.ServiceInstance, "ServiceInstance")
    with pytest.raises(errors.AuthenticationFailed):
        session.call(service.CurrentTime)
    assert faults.hits() == [2]


def test_a_task_goes_on_while_vcenter_does_not_answer(session: Session, faults: Faults) -> None:
    vm = named(session, vim.VirtualMachine, "app-004")
    faults.set({"method": "WaitForUpdatesEx", "action": "drop", "count": 2})
    wait_for_task(session, session.call(vm.Rename_Task, "web-004"), timeout=30)
    assert faults.hits() == [2]
    assert session.call(lambda: vm.name) == "web-004"


def test_a_watcher_comes_back(session: Session, administrator: Session, faults: Faults) -> None:
    changes: SimpleQueue[Change] = SimpleQueue()
    vm = named(administrator, vim.VirtualMachine, "app-005")
    with Watcher(session, vim.VirtualMachine, ["name"], on_change=changes.put) as watcher:
        watcher.wait_ready(timeout=30)
        while not changes.empty():
            changes.get()
        faults.set({"method": "WaitForUpdatesEx", "action": "drop", "count": 1})
        wait_for_task(administrator, administrator.call(vm.Rename_Task, "web-005"), timeout=30)
        assert changes.get(timeout=30) == Change("modify", moref(vm), {"name": "web-005"})
        assert changes.empty()


def test_no_error_of_a_page_leaves_a_view_behind(session: Session, faults: Faults) -> None:
    faults.set(
        {"method": "RetrievePropertiesEx", "fault": "SystemError"},
        {"method": "DestroyView", "delay": "1ms"},
    )
    with pytest.raises(errors.OperationFailed):
        collect(session, vim.VirtualMachine, ["name"])
    assert faults.hits() == [1, 1]
