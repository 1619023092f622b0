"""Waiting for tasks: ended well, failed, not ended, not known."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere.faults import InvalidState, TaskTimedOut, TaskUnknown
from polyvisor.vsphere.session import Endpoint, Session, moref
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter
from tests.functional.vsphere.conftest import endpoint_of, named, terminate

OpenSession = Callable[[Endpoint], Session]


@pytest.fixture
def task(session: Session) -> Any:
    """A task of an extension: it ends when somebody says so."""
    vm = named(session, vim.VirtualMachine, "app-001")
    manager = session.content.taskManager
    task = session.call(manager.CreateTask, vm, "com.vmware.govmomi.simulator.test", "tester", False).task
    session.call(task.SetTaskState, "running", None, None)
    return task


def test_result(session: Session) -> None:
    vm = named(session, vim.VirtualMachine, "app-002")
    folder = session.call(lambda: vm.parent)
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=False, template=False)
    clone = wait_for_task(session, session.call(vm.CloneVM_Task, folder, "copy", spec), timeout=30)
    assert session.call(lambda: clone.name) == "copy"


def test_a_task_that_ended_long_ago(session: Session) -> None:
    vm = named(session, vim.VirtualMachine, "app-003")
    task = session.call(vm.Rename_Task, "web-003")
    wait_for_task(session, task, timeout=30)
    wait_for_task(session, task, timeout=30)


def test_failure_is_the_error_of_the_task(session: Session) -> None:
    vm = named(session, vim.VirtualMachine, "app-004")
    state = session.call(lambda: vm.runtime.powerState)
    again = vm.PowerOnVM_Task if state == "poweredOn" else vm.PowerOffVM_Task
    with pytest.raises(InvalidState, match=r"VirtualMachine\.power") as caught:
        wait_for_task(session, session.call(again), timeout=30)
    assert caught.value.fault == "InvalidPowerState"


def test_progress(session: Session, task: Any) -> None:
    seen: SimpleQueue[int] = SimpleQueue()

    def listen(percent: int) -> None:
        seen.put(percent)
        raise RuntimeError("listener")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_task, session, task, timeout=30, on_progress=listen)
        for percent in (10, 60):
            session.call(task.UpdateProgress, percent)
            while seen.get(timeout=10) != percent:
                pass
        session.call(task.SetTaskState, "success", "done", None)
        assert waiting.result() == "done"


def test_a_task_that_does_not_end(session: Session, task: Any) -> None:
    with pytest.raises(TaskTimedOut, match=f"{moref(task)}.*simulator.test"):
        wait_for_task(session, task, timeout=0.5)


def test_a_task_that_vcenter_does_not_know(session: Session) -> None:
    with pytest.raises(TaskUnknown, match="task-999999"):
        wait_for_task(session, session.managed_object(vim.Task, "task-999999"), timeout=30)


def test_a_session_that_ends_while_waiting(session: Session, administrator: Session, task: Any) -> None:
    progress: SimpleQueue[int] = SimpleQueue()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_task, session, task, timeout=30, on_progress=progress.put)
        progress.get(timeout=10)
        terminate(administrator, session)
        same = administrator.managed_object(vim.Task, moref(task))
        administrator.call(same.SetTaskState, "success", "done", None)
        assert waiting.result() == "done"


def test_vcenter_that_goes_away_while_waiting(vcenter: StartVCenter, open_session: OpenSession) -> None:
    running = vcenter("-vms", "1")
    session = open_session(endpoint_of(running))
    vm = named(session, vim.VirtualMachine, "app-001")
    manager = session.content.taskManager
    task = session.call(manager.CreateTask, vm, "com.vmware.govmomi.simulator.test", "tester", False).task
    progress: SimpleQueue[int] = SimpleQueue()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait_for_task, session, task, timeout=4, on_progress=progress.put)
        progress.get(timeout=10)
        running.stop()
        with pytest.raises(TaskUnknown, match=moref(task)):
            waiting.result()
