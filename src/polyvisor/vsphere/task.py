"""The one way to start, wait for and cancel a vCenter task."""

import logging
import time
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, TypeVar

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter, subscription
from polyvisor.vsphere.faults import (
    AuthenticationFailed,
    Busy,
    InvalidState,
    NotFound,
    PermissionDenied,
    TaskForgotten,
    TaskTimedOut,
    TaskUnknown,
    Unavailable,
    translate,
)
from polyvisor.vsphere.inventory import retrieve
from polyvisor.vsphere.session import Session, moref

LOG = logging.getLogger(__name__)
T = TypeVar("T")

_PROPERTIES: Final = ("info.state", "info.descriptionId", "info.progress", "info.result", "info.error")
_WAIT_SECONDS: Final = 20.0
_PAUSE: Final = 1.0
_UNFINISHED: Final = frozenset({"queued", "running"})


def unless_busy(attempt: Callable[[], T], *, seconds: float) -> T:
    """Do something that starts a task, and waits for it or not; again while another task holds the object.

    vCenter says so (TaskInProgress, ConcurrentAccess) before it does anything, to the call or by the task.

    Args:
        seconds: for how long it is tried again.

    Raises:
        Busy: it still was after that time.
        VSphereError: as `attempt` does.
    """
    deadline = monotonic() + seconds
    while True:
        try:
            return attempt()
        except Busy as exc:
            if monotonic() + _PAUSE >= deadline:
                raise
            LOG.info("Trying again in %.0f s: %s", _PAUSE, exc)
            time.sleep(_PAUSE)


def task_handle(session: Session, key: str) -> Any:
    """Make the handle of a task from its moref, without asking whether vCenter knows it."""
    return session.managed_object(vim.Task, key)


def recent_tasks(session: Session, vm: str) -> frozenset[str]:
    """Read the morefs of the tasks of a VM that vCenter still knows: those of the last minutes.

    Source of facts: vSphere Web Services API, ManagedEntity.recentTask.

    Raises:
        NotFound: there is no such VM.
        VSphereError: as `Session.call` does.
    """
    owner = session.managed_object(vim.VirtualMachine, vm)
    found = retrieve(session, object_filter(owner, ["recentTask"])).get(vm, {})
    return frozenset(moref(each) for each in found.get("recentTask", ()))


def cancel(session: Session, running: Any) -> None:
    """Ask vCenter to end a task; whoever waits for it gets Cancelled when it has.

    Raises:
        InvalidState: it cannot be cancelled (now), or has ended.
        NotFound: vCenter does not know the task.
        VSphereError: as `Session.call` does.
    """
    key = moref(running)
    state = retrieve(session, object_filter(running, ["info.state", "info.cancelable"])).get(key, {})
    if not state:
        raise NotFound(f"{session.endpoint}: there is no task {key}, or not any more")
    if state.get("info.state") not in _UNFINISHED or not state.get("info.cancelable"):
        why = (
            "it has ended" if state.get("info.state") not in _UNFINISHED else "vCenter does not offer it now"
        )
        raise InvalidState(f"{session.endpoint}: task {key} cannot be cancelled: {why}")
    session.call(running.CancelTask)


def wait_for_task(
    session: Session, task: Any, *, timeout: float, on_progress: Callable[[int], None] | None = None
) -> Any:
    """Wait until a task ends, without polling: vCenter reports each change.

    A vCenter that is away for a while does not end the wait: the task goes on, and is asked again.

    Args:
        timeout: seconds to wait at most. The task is not cancelled after that.
        on_progress: called with each new percentage, 0 to 100; its errors are logged and do not end the wait.

    Returns:
        The task's result, for example the new VM of a clone.

    Raises:
        TaskUnknown: vCenter could not be asked to the end. It may have failed, succeeded or be running still.
        TaskForgotten: vCenter does not know the task any more. It may have failed or succeeded.
        TaskTimedOut: it was still running.
        VSphereError: the task failed, and this is its own error.
    """
    state = _ask_until_ended(session, task, timeout, on_progress or _ignore)
    if state["info.state"] == "success":
        return state.get("info.result")
    error = state["info.error"]
    raise translate(error, source=f"{session.endpoint}: task {_name(task, state)}") from error


def _ask_until_ended(
    session: Session, task: Any, timeout: float, on_progress: Callable[[int], None]
) -> dict[str, Any]:
    deadline = monotonic() + timeout
    while True:
        try:
            return _follow(session, task, deadline, on_progress)
        except Unavailable as exc:
            if monotonic() + _PAUSE >= deadline:
                raise TaskUnknown(f"The outcome of task {moref(task)} is unknown: {exc}") from exc
            LOG.warning("Task %s could not be asked, trying again: %s", moref(task), exc)
            time.sleep(_PAUSE)
        except NotFound as exc:
            raise TaskForgotten(f"The outcome of task {moref(task)} is unknown: {exc}") from exc
        except (AuthenticationFailed, PermissionDenied) as exc:
            raise TaskUnknown(f"The outcome of task {moref(task)} is unknown: {exc}") from exc


def _follow(
    session: Session, task: Any, deadline: float, on_progress: Callable[[int], None]
) -> dict[str, Any]:
    """Give the task's properties when it has ended."""
    state: dict[str, Any] = {}
    version = ""
    with subscription(session, object_filter(task, _PROPERTIES)) as changes:
        while state.get("info.state") not in {"success", "error"}:
            left = deadline - monotonic()
            if left <= 0:
                raise TaskTimedOut(f"{session.endpoint}: task {_name(task, state)} has not ended in time")
            update = changes.wait(version, min(left, _WAIT_SECONDS))
            if update is not None:
                version = update.version
                _merge(state, update, on_progress)
            if not state:
                raise NotFound(f"{session.endpoint}: there is no task {moref(task)}, or not any more")
    return state


def _merge(state: dict[str, Any], update: Any, on_progress: Callable[[int], None]) -> None:
    before = state.get("info.progress")
    for filtered in update.filterSet:
        for item in filtered.objectSet:
            if item.kind == "leave":
                state.clear()
            state.update({change.name: change.val for change in item.changeSet})
    progress = state.get("info.progress")
    if progress is not None and progress != before:
        try:
            on_progress(progress)
        except Exception:
            LOG.exception("The listener failed on progress %s", progress)


def _ignore(_: int) -> None:
    pass


def _name(task: Any, state: dict[str, Any]) -> str:
    return f"{moref(task)} ({state.get('info.descriptionId', 'not known')})"
