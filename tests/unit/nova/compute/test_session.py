"""The host that vCenter is told."""

from typing import Any

import pytest
from oslo_vmware.exceptions import VimException, VimFaultException

from polyvisor.nova.compute.session import PinnedSession


class Session:
    """Records what reaches vCenter."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def _call_method(self, module: Any, method: str, *args: Any, **kwargs: Any) -> None:
        self.calls.append((method, kwargs.get("host")))

    invoke_api = _call_method

    def _wait_for_task(self, task: Any) -> None:
        raise VimFaultException(["InvalidHostState"], "the host is in maintenance")


def hosts_named(pinned: PinnedSession, session: Session) -> dict[str, str | None]:
    for method in ("CreateVM_Task", "PowerOnVM_Task", "ReconfigVM_Task"):
        pinned._call_method(None, method)
    pinned.invoke_api(None, "ImportVApp")
    return {method: host and host.value for method, host in session.calls}


def test_names_the_host_where_vcenter_would_choose() -> None:
    session = Session()
    named = hosts_named(PinnedSession(session, create_on="host-1", start_on="host-1"), session)

    pinned = dict.fromkeys(("CreateVM_Task", "ImportVApp", "PowerOnVM_Task"), "host-1")
    assert named == pinned | {"ReconfigVM_Task": None}


def test_leaves_drs_the_power_on() -> None:
    session = Session()
    named = hosts_named(PinnedSession(session, create_on="host-1"), session)

    assert (named["CreateVM_Task"], named["PowerOnVM_Task"]) == ("host-1", None)


def test_nova_does_not_repeat_what_cannot_work() -> None:
    with pytest.raises(VimException, match=r"the host is in maintenance \(InvalidHostState\)") as raised:
        PinnedSession(Session())._wait_for_task("task-1")

    assert not isinstance(raised.value, VimFaultException)
