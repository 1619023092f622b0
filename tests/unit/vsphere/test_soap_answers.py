import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from suds.bindings.multiref import MultiRef
from suds.sax.element import Element

from polyvisor.vsphere import soap_answers


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Have threads interrupt each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def body_of(name: str) -> Element:
    body = Element("Body")
    body.append(Element(name))
    return body


def is_own(shared: MultiRef, number: int) -> bool:
    """Have suds take an answer apart, as its binding does, which all calls of a client share."""
    body = shared.process(body_of(f"answer{number}"))
    return [child.name for child in body.children] == [f"answer{number}"]


@pytest.mark.usefixtures("eager_threads")
def test_each_thread_gets_the_answer_to_its_own_call() -> None:
    soap_answers.keep_apart()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(partial(is_own, MultiRef()), range(20_000)))
