"""Leaves alone what has failed several times in a row, and tries it again with one call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from polyvisor.message import Message


class BreakerOpen(Exception):  # noqa: N818 - a state, not an error
    """It is left alone for ``seconds`` more."""

    def __init__(self, reason: Message, seconds: float) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.seconds = seconds


class Breaker:
    """A circuit breaker: open after ``failures`` in a row; after ``seconds`` one call may try. Thread-safe.

    pybreaker holds its lock while the guarded call runs: all calls to a cloud would wait for each other.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open: tuple[Message, float] | None = None

    def enter(self) -> None:
        """Ask to make a call, whose end ``succeeded`` or ``failed`` must be told. Raises BreakerOpen."""
        with self._lock:
            if self._open is None:
                return
            reason, until = self._open
            left = until - self._clock()
            if left > 0:
                raise BreakerOpen(reason, left)
            # This one tries; the others wait for it as long as for a failure.
            self._open = reason, self._clock() + self._seconds

    def succeeded(self) -> None:
        """It answered: whatever is asked for may be asked."""
        with self._lock:
            self._failed, self._open = 0, None

    def failed(self, reason: Message) -> None:
        """It did not answer."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._limit:
                self._open = reason, self._clock() + self._seconds
