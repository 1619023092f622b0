"""One worker at a time reconciles a vCenter, however many there are, and whatever their clocks say.

A lease lives while its generation is raised. Whoever sees one generation for `seconds` on its own monotonic
clock takes the lease over; the holder stops trusting its own after half of that.
"""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from neutron_lib.db import api as db_api
from oslo_db import exception as db_exc

from polyvisor.neutron.db import models


class Lease:
    """The lease on the switches of one type of one vCenter, as one worker sees it. Not thread-safe."""

    def __init__(
        self, vcenter: str, switch_type: str, *, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep the terms; nothing is read yet.

        Args:
            seconds: without a sign of life of its holder, after which the lease is free.
        """
        self._key = {"vcenter": vcenter, "switch_type": switch_type}
        self._me = uuid4().hex
        self._seconds = seconds
        self._clock = clock
        self._seen: tuple[str, int] | None = None
        self._seen_at = 0.0

    def hold(self, context: Any) -> bool:
        """Take the lease if it is free, renew it if it is ours; tell whether it is ours now.

        Cheap to ask often: a lease renewed a moment ago is not renewed again.
        """
        now = self._clock()
        if self._is_mine() and now - self._seen_at < self._seconds / 4:
            return True
        current = self._read(context)
        if current is None:
            return self._create(context, now)
        if current != self._seen:
            # Somebody else's sign of life, seen for the first time: its seconds begin to run now.
            self._seen, self._seen_at = current, now
            return False
        if not self._is_mine() and now - self._seen_at < self._seconds:
            return False
        return self._raise_generation(context, current, now)

    def trusted(self) -> bool:
        """Tell whether it is ours for a while still, without asking the database."""
        return self._is_mine() and self._clock() - self._seen_at < self._seconds / 2

    def release(self, context: Any) -> None:
        """Let another worker take it at once."""
        if self._is_mine():
            with db_api.CONTEXT_WRITER.using(context):
                context.session.query(models.Lease).filter_by(**self._key, holder=self._me).delete()
            self._seen = None

    def _is_mine(self) -> bool:
        return self._seen is not None and self._seen[0] == self._me

    def _read(self, context: Any) -> tuple[str, int] | None:
        with db_api.CONTEXT_READER.using(context):
            row = context.session.query(models.Lease).filter_by(**self._key).first()
            return (row.holder, row.generation) if row else None

    def _create(self, context: Any, now: float) -> bool:
        try:
            with db_api.CONTEXT_WRITER.using(context):
                context.session.add(models.Lease(**self._key, holder=self._me, generation=1))
        except db_exc.DBDuplicateEntry:
            return False
        self._seen, self._seen_at = (self._me, 1), now
        return True

    def _raise_generation(self, context: Any, current: tuple[str, int], now: float) -> bool:
        holder, generation = current
        mine = (self._me, generation + 1)
        with db_api.CONTEXT_WRITER.using(context):
            changed = (
                context.session.query(models.Lease)
                .filter_by(**self._key, holder=holder, generation=generation)
                .update({"holder": mine[0], "generation": mine[1]}, synchronize_session=False)
            )
        if changed:
            self._seen, self._seen_at = mine, now
        return bool(changed)
