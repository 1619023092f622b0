import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from polyvisor.neutron import shared_read
from polyvisor.neutron.shared_read import SharedRead

PATIENCE = 10.0


class Reader:
    """Gives the number of the read; one that is held up ends when the test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.is_reading = threading.Lock()
        self.may_end = threading.Event()
        self.may_end.set()
        self.first_begun = threading.Event()
        self.error: Exception | None = None

    def __call__(self) -> int:
        assert self.is_reading.acquire(blocking=False), "two reads at a time"
        try:
            self.begun += 1
            mine = self.begun
            self.first_begun.set()
            assert self.may_end.wait(PATIENCE)
            if self.error:
                raise self.error
            return mine
        finally:
            self.is_reading.release()


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def shared(reader: Reader) -> SharedRead[int]:
    return SharedRead(reader)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as running:
        yield running


def test_who_asks_alone_reads_each_time(shared: SharedRead[int]) -> None:
    assert [shared.get(PATIENCE), shared.get(PATIENCE)] == [1, 2]


def test_nobody_gets_what_was_read_before_he_asked(
    reader: Reader, shared: SharedRead[int], pool: ThreadPoolExecutor
) -> None:
    def ask(_number: int) -> tuple[int, int]:
        begun_before = reader.begun
        return begun_before, shared.get(PATIENCE)

    answers = list(pool.map(ask, range(2000)))
    assert all(read > begun_before for begun_before, read in answers)


def test_who_asks_during_a_read_shares_the_next(
    reader: Reader, shared: SharedRead[int], pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = threading.Semaphore(0)

    class Watched(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            waiting.release()
            return super().result(timeout)

    monkeypatch.setattr(shared_read, "Future", Watched)
    reader.may_end.clear()
    first = pool.submit(shared.get, PATIENCE)
    assert reader.first_begun.wait(PATIENCE)
    others = [pool.submit(shared.get, PATIENCE) for _ in range(5)]
    # One of them is to read for all, and waits for the read under way.
    assert all(waiting.acquire(timeout=PATIENCE) for _ in range(4))
    reader.may_end.set()
    assert first.result(PATIENCE) == 1
    assert [other.result(PATIENCE) for other in others] == [2] * 5
    assert reader.begun == 2


def test_a_failure_is_that_of_all_who_waited_and_of_nobody_later(
    reader: Reader, shared: SharedRead[int]
) -> None:
    reader.error = LookupError("vCenter said no")
    with pytest.raises(LookupError, match="said no"):
        shared.get(PATIENCE)
    reader.error = None
    assert shared.get(PATIENCE) == 2
