"""One read of vCenter for all who wait for it to begin."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedRead(Generic[T]):
    """Reads again and again, one at a time, as often as it is asked but no oftener than it can.

    Nobody gets what was read before he asked: whoever asks during a read waits, with all who do so, for the
    next one. So many that ask at about the same time cost two reads, and one that asks alone costs one.
    Thread-safe.
    """

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._next: Future[T] | None = None

    def get(self, seconds: float) -> T:
        """Give what a read shows that begins from now on; its errors are those of all who waited for it.

        Args:
            seconds: to wait for somebody else's read. Who reads himself waits for the read under way to end,
                and for his own.

        Raises:
            TimeoutError: it did not end so soon.
        """
        with self._lock:
            is_first = self._next is None
            mine: Future[T] = self._next or Future()
            self._next = mine
        if is_first:
            self._read_for(mine)
        return mine.result(timeout=seconds)

    def _read_for(self, waiting: Future[T]) -> None:
        with self._reading:
            with self._lock:
                self._next = None
            try:
                waiting.set_result(self._read())
            except BaseException as exc:  # noqa: BLE001 - `result` raises it, for each who waits
                waiting.set_exception(exc)
