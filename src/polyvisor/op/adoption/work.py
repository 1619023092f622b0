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
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import vcenter as vcenters
from polyvisor.op.adoption.journal import DatabaseJournal
from polyvisor.op.clouds import faults
from polyvisor.op.db.models import Adoption, VCenter
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
        raise StepError(str(say("server_not_adopted", name=context.operation.resource_name)))
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
        stack.enter_context(telling(context.operation.resource_name))
        clouds = Clouds(context.platform.clouds.connect(adoption.cloud_id))
        sessions = {}
        for one in vcenters_of(context, adoption):
            reach = vcenters.reach_of(context.platform, one)
            sessions[one.uuid] = stack.enter_context(vcenters.log_in(context.platform, reach))
        yield Desk(adoption, clouds, sessions, DatabaseJournal(context, adoption))


@contextmanager
def telling(about: str) -> Iterator[None]:
    """Make of the engine's errors what operations know: those that are soon over are waited for.

    ``about``: whose cloud does not answer, if it is that. Raises CloudUnavailable, StepError.
    """
    try:
        yield
    except VSphereError as fault:
        away = vcenters.problem_of(fault)
        if isinstance(away, CloudUnavailable):
            raise away from fault
        raise StepError(str(fault)) from fault
    except AdoptionError as error:
        cause = error.__cause__
        if isinstance(cause, Exception) and (problem := faults.of_connection(f"of {about}", cause)):
            raise problem from error
        raise StepError(str(error)) from error


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
            done = f"{ended} of {self._total} VMs done; " if self._total else ""
            self._context.show(
                f"{done}{progress.about}: {progress.stage}"[:500], 100 * ended // max(self._total, 1)
            )


def summary(**numbers: Any) -> dict[str, int]:
    """How many of each."""
    return {name: len(found) for name, found in numbers.items()}
