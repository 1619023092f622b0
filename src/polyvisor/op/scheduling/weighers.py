"""Weighers: each gives all candidates marks from 0 to 1; the best sum wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from polyvisor.op.scheduling.candidate import Candidate, Wanted

Weigher = Callable[[Wanted, Sequence[Candidate]], list[float]]
#: What a server would cost at a candidate, in any unit; None: not known.
Cost = Callable[[Wanted, Candidate], float | None]


def free(wanted: Wanted, candidates: Sequence[Candidate]) -> list[float]:
    """The share of memory or processors that is free, whichever is less; the other way round to pack."""
    return [_turned(wanted, _share(one)) for one in candidates]


def locality(_wanted: Wanted, candidates: Sequence[Candidate]) -> list[float]:
    """Near the tenant's other servers: where most of them are."""
    return _scaled([float(one.servers) for one in candidates])


def by_cost(cost: Cost) -> Weigher:
    """A weigher by cost: the cheapest has most marks, what nobody knows the cost of none."""

    def weigh(wanted: Wanted, candidates: Sequence[Candidate]) -> list[float]:
        known = [cost(wanted, one) for one in candidates]
        dearest = max((one for one in known if one is not None), default=0.0)
        marks = [0.0 if one is None else dearest - one for one in known]
        return _scaled(marks)

    return weigh


def unknown_cost(_wanted: Wanted, _candidate: Candidate) -> float | None:
    """Nobody has said what things cost."""
    return None


#: Name -> (weigher, how much it counts).
WEIGHERS: dict[str, tuple[Weigher, float]] = {
    "free": (free, 1.0),
    "cost": (by_cost(unknown_cost), 1.0),
    "locality": (locality, 0.25),
}


def _share(candidate: Candidate) -> float | None:
    has, all_of_it = candidate.free, candidate.capacity
    if has is None or all_of_it is None:
        return None
    shares = [(has.vcpus, all_of_it.vcpus), (has.ram_mb, all_of_it.ram_mb)]
    return min(max(part, 0) / whole if whole else 0.0 for part, whole in shares)


def _turned(wanted: Wanted, share: float | None) -> float:
    if share is None:
        return 0.0  # last, whichever way round
    return 1 - share if wanted.pack else share


def _scaled(marks: list[float]) -> list[float]:
    most = max(marks, default=0.0)
    return [one / most if most > 0 else 0.0 for one in marks]
