"""The circuit breaker, with a clock of its own."""

import pytest

from polyvisor.message import Message
from polyvisor.op.clouds.breaker import Breaker, BreakerOpen
from polyvisor.op.message import say


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def gone(text: str) -> Message:
    return say("cloud_says", text=text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(failures=2, seconds=30, clock=clock)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    breaker.failed(gone("gone"))
    breaker.succeeded()
    breaker.failed(gone("gone"))
    breaker.enter()
    breaker.failed(gone("gone again"))
    with pytest.raises(BreakerOpen, match="gone again") as still:
        breaker.enter()
    assert still.value.seconds == 30


def test_after_a_while_one_call_tries_and_the_others_wait(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.failed(gone("gone"))
    clock.seconds = 30
    breaker.enter()
    with pytest.raises(BreakerOpen):
        breaker.enter()
    breaker.succeeded()
    breaker.enter()


def test_a_try_that_fails_opens_it_again_at_once(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.failed(gone("gone"))
    clock.seconds = 30
    breaker.enter()
    breaker.failed(gone("still gone"))
    with pytest.raises(BreakerOpen, match="still gone"):
        breaker.enter()


def test_a_try_that_never_ends_does_not_keep_it_open(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2):
        breaker.failed(gone("gone"))
    clock.seconds = 30
    breaker.enter()
    clock.seconds = 60
    breaker.enter()
