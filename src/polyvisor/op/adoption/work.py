"""What operations of adoption work with: vCenters that are logged in to, the cloud, the journal, the plan."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.work import Progress
from polyvisor.message import Message
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption.journal import DatabaseJournal
from polyvisor.op.clouds import faults
from polyvisor.op.db.models import Adoption, Cloud, VCenter
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import StepError
from polyvisor.op.problem import CloudUnavailable
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.session import Session

_SHOW_SECONDS = 1.0


def adoption_of(context: Context) -> Adoption:
    """The adoption that an operation is about. Raises StepError: it is about a server that has none."""
    key = context.operation.resource_id
    if key is None:
        raise StepError(say("server_not_adopted", name=context.operation.resource_name))
    with context.platform.database.read() as session:
        return adoptions.get(session, key)


def vcenters_of(context: Context, adoption: Adoption) -> list[VCenter]:
    """Its vCenters, in order."""
    with context.platform.database.read() as session:
        return [vcenters.get(session, key) for key in adoption.vcenters]


@dataclass(frozen=True)
class Desk:
    """All that the engine is given."""

    adoption: Adoption
    clouds: Clouds
    sessions: Mapping[str, Session]
    journal: DatabaseJournal


@contextmanager
def working(context: Context) -> Iterator[Desk]:
    """Everything for the engine; vCenters are logged out of at the end. Raises as ``telling``."""
    adoption = adoption_of(context)
    with ExitStack() as stack:
        stack.enter_context(telling(context))
        clouds = Clouds(context.platform.clouds.connect(adoption.cloud_id))
        sessions = {}
        for one in vcenters_of(context, adoption):
            reach = vcenters.reach_of(context.platform, one)
            sessions[one.uuid] = stack.enter_context(vcenters.log_in(context.platform, reach))
        yield Desk(adoption, clouds, sessions, DatabaseJournal(context, adoption))


@contextmanager
def telling(context: Context) -> Iterator[None]:
    """Make of the engine's errors what operations know: those that are soon over are waited for.

    Raises CloudUnavailable, StepError.
    """
    try:
        yield
    except VSphereError as fault:
        away = vcenters.problem_of(fault)
        if isinstance(away, CloudUnavailable):
            raise away from fault
        raise StepError(away.message) from fault
    except AdoptionError as error:
        cause = error.__cause__
        if isinstance(cause, Exception) and (problem := faults.of_connection(_cloud_of(context), cause)):
            raise problem from error
        raise StepError(say("adoption_says", reason=error.message)) from error


def _cloud_of(context: Context) -> str:
    with context.platform.database.read() as session:
        cloud: Cloud = session.get_one(Cloud, context.operation.cloud_id)
    return cloud.name


class Meter:
    """Tells how many VMs are done with, from several threads, and not more often than anybody reads it."""

    def __init__(self, context: Context, total: int) -> None:
        self._context, self._total = context, total
        self._lock = Lock()
        self._ended: dict[str, str] = {}
        self._due = 0.0

    def __call__(self, progress: Progress) -> None:
        """As the engine tells of each step."""
        with self._lock:
            if progress.end:
                self._ended[progress.about] = progress.end
            if time.monotonic() < self._due:
                return
            self._due = time.monotonic() + _SHOW_SECONDS
            ended = min(len(self._ended), self._total)
            of_vm = {"about": progress.about, "stage": progress.stage}
            said = say("vm_under_way", **of_vm)
            if self._total:
                said = say("vms_done", ended=ended, total=self._total, **of_vm)
            self._context.show(said, 100 * ended // max(self._total, 1))


def counted(numbers: Mapping[str, int]) -> list[Message]:
    """How many of each, without those of which there are none."""
    return [say("counted", count=number, outcome=name) for name, number in numbers.items() if number]


def say_counted(numbers: Mapping[str, int]) -> Message:
    """The same in one."""
    found = counted(numbers)
    return say("all_of", reasons=found) if found else say("nothing_to_do")


def summary(**numbers: Any) -> dict[str, int]:
    """How many of each."""
    return {name: len(found) for name, found in numbers.items()}
