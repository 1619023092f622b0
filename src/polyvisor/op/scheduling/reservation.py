"""Room that is kept for an operation, so that two do not count on the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud, Reservation
from polyvisor.op.message import say
from polyvisor.op.scheduling import filters
from polyvisor.op.scheduling.candidate import Candidate, Quota, Size, Wanted


def reserve(
    session: Session, operation_id: str, wanted: Wanted, candidate: Candidate, seconds: float
) -> Message | None:
    """Keep room at a candidate for an operation; the reason why not, if others have it meanwhile."""
    session.get(Cloud, candidate.cloud_id, with_for_update=True)  # those who reserve there, in turn
    session.execute(delete(Reservation).where(Reservation.operation_id == operation_id))
    left = less_reserved(session, candidate)
    if reason := filters.quota(wanted, left) or filters.room(wanted, left):
        return say("with_reserved", reason=reason)
    assert candidate.flavor is not None  # noqa: S101 - its filter has let it pass
    size = candidate.flavor.size
    session.add(
        Reservation(
            operation_id=operation_id,
            cloud_id=candidate.cloud_id,
            project_id=candidate.project_id,
            zone=candidate.zone,
            hypervisor=candidate.hypervisor,
            vcpus=size.vcpus,
            ram_mb=size.ram_mb,
            disk_gb=size.disk_gb,
            expires_at=now() + timedelta(seconds=seconds),
        )
    )
    return None


def release(session: Session, operation_id: str) -> None:
    """The cloud itself counts it by now, or it is not needed."""
    session.execute(delete(Reservation).where(Reservation.operation_id == operation_id))


def clean(session: Session) -> None:
    """Forget what has expired."""
    session.execute(delete(Reservation).where(Reservation.expires_at < now()))


def less_reserved(session: Session, candidate: Candidate) -> Candidate:
    """A candidate without what is reserved there."""
    statement = select(Reservation).where(
        Reservation.cloud_id == candidate.cloud_id, Reservation.expires_at > now()
    )
    kept = list(session.scalars(statement))
    in_project = [one for one in kept if one.project_id == candidate.project_id]
    here = [one for one in kept if (one.zone, one.hypervisor) == (candidate.zone, candidate.hypervisor)]
    return replace(candidate, quota=_quota(candidate.quota, in_project), free=_free(candidate.free, here))


def _quota(left: Quota | None, kept: list[Reservation]) -> Quota | None:
    if left is None:
        return None
    return Quota(
        _less(left.instances, len(kept)),
        _less(left.vcpus, sum(one.vcpus for one in kept)),
        _less(left.ram_mb, sum(one.ram_mb for one in kept)),
    )


def _less(left: int, kept: int) -> int:
    return left if left < 0 else max(0, left - kept)


def _free(free: Size | None, kept: list[Reservation]) -> Size | None:
    if free is None:
        return None
    return Size(
        free.vcpus - sum(one.vcpus for one in kept),
        free.ram_mb - sum(one.ram_mb for one in kept),
        free.disk_gb - sum(one.disk_gb for one in kept),
    )
