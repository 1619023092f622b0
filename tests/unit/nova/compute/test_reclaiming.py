"""When what a failed build left may be removed, and when not: each rule by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest
from nova.objects.instance import Instance

from polyvisor.nova.compute.reclaiming import Verdict, judge

HERE = "compute1"
# A build that failed: Nova takes the host away from the server, and only nova-api will ever delete it.
FAILED = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "deleted": False,
    "host": None,
    "launched_at": None,
    "vm_state": "error",
    "task_state": None,
}


def judged(**different: Any) -> Verdict:
    return judge(Instance(**(FAILED | different)), HERE)


def test_a_build_that_failed() -> None:
    assert judged() is Verdict.REMOVE


def test_a_deleted_server() -> None:
    assert judged(deleted=True) is Verdict.REMOVE


@pytest.mark.parametrize("host", [HERE, "compute2", None])
def test_a_deleted_server_wherever_it_was_last(host: str | None) -> None:
    launched = datetime(2026, 1, 1, tzinfo=UTC)
    assert judged(deleted=True, host=host, vm_state="deleted", launched_at=launched) is Verdict.REMOVE


def test_a_server_that_nova_has_on_this_host() -> None:
    assert judged(host=HERE) is Verdict.WAIT
    assert judged(host=HERE, vm_state="active", launched_at=datetime(2026, 1, 1, tzinfo=UTC)) is Verdict.WAIT


def test_a_server_that_lives_on_another_host() -> None:
    assert judged(host="compute2", vm_state="active") is Verdict.ELSEWHERE
    assert judged(host="compute2", vm_state="building") is Verdict.ELSEWHERE


def test_a_server_that_is_being_scheduled_again() -> None:
    assert judged(vm_state="building", task_state="scheduling") is Verdict.WAIT
    assert judged(vm_state="building") is Verdict.WAIT


def test_a_server_that_is_being_deleted() -> None:
    assert judged(task_state="deleting") is Verdict.WAIT


def test_a_state_that_an_administrator_has_set() -> None:
    assert judged(vm_state="active") is Verdict.WAIT


def test_a_server_that_has_run_and_may_come_back() -> None:
    launched = datetime(2026, 1, 1, tzinfo=UTC)
    assert judged(vm_state="shelved_offloaded", launched_at=launched) is Verdict.LAUNCHED
    assert judged(launched_at=launched) is Verdict.LAUNCHED


def test_a_server_that_nova_does_not_know() -> None:
    assert judge(None, HERE) is Verdict.UNKNOWN
