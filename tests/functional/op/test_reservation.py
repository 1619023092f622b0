"""Room that is kept: counted by whoever comes next, and free again when it expires."""

from typing import Any

from sqlalchemy import select

from polyvisor.message import Message
from polyvisor.op.db.models import Operation, Reservation
from polyvisor.op.scheduling import reservation
from polyvisor.op.scheduling.candidate import Candidate, Flavor, Quota, Size, Wanted

WANTED = Wanted("tenant", "debian", flavor="small")
PLACE = Candidate(
    "c1",
    "north",
    "p1",
    zone="nova",
    hypervisor="kvm",
    flavor=Flavor("f", "small", Size(2, 2048, 10)),
    quota=Quota(-1, 4, -1),
    free=Size(5, 99999, 999),
)


def _operation(op: Any) -> str:
    with op.platform.database.write() as session:
        made = Operation(action="create", resource_name="web", user_name="li", via="command", request_id="r")
        session.add(made)
    return str(made.id)


def _reserve(op: Any, key: str, seconds: float = 60, place: Candidate = PLACE) -> Message | None:
    with op.platform.database.write() as session:
        return reservation.reserve(session, key, WANTED, place, seconds)


def test_two_do_not_count_on_the_same_room(op: Any) -> None:
    first, second, third = (_operation(op) for _ in range(3))
    assert _reserve(op, first) is None
    assert _reserve(op, first) is None  # again, after a crash: its own is not counted
    assert _reserve(op, second) is None
    assert "0 vCPUs left" in str(_reserve(op, third))
    with op.platform.database.write() as session:
        reservation.release(session, first)
    assert _reserve(op, third) is None


def test_what_has_expired_counts_no_more(op: Any) -> None:
    first, second = _operation(op), _operation(op)
    tight = Candidate(
        **{name: getattr(PLACE, name) for name in PLACE.__slots__} | {"free": Size(2, 9999, 99)}
    )
    assert _reserve(op, first, seconds=-1, place=tight) is None
    assert _reserve(op, second, place=tight) is None
    with op.platform.database.write() as session:
        reservation.clean(session)
        assert list(session.scalars(select(Reservation.operation_id))) == [second]
