import pytest

from polyvisor.sandbox import probes


def test_waiting_tells_what_is_missing_until_it_is_there() -> None:
    missing = iter(["the door", "the key", None])
    heard: list[str] = []
    probes.wait(lambda: next(missing), timeout=5, waiting=heard.append)
    assert heard == ["the door", "the key"]


def test_waiting_ends_with_what_was_missing() -> None:
    with pytest.raises(probes.ProbeTimeoutError, match="waited 0 s for the door"):
        probes.wait(lambda: "the door", timeout=0, waiting=lambda _: None)
