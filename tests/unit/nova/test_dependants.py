"""Which clones stand in the way of deleting a server or its snapshots."""

from collections.abc import Collection

import pytest
from nova.compute import vm_states
from nova.objects.instance import Instance

from polyvisor.nova import dependants
from polyvisor.nova.clone import Clone

SOURCE = "11111111-1111-4111-8111-111111111111"


def server(uuid: str, clone: Clone | None, vm_state: str = vm_states.ACTIVE) -> Instance:
    return Instance(uuid=uuid, vm_state=vm_state, system_metadata=clone.to_metadata() if clone else {})


SERVERS = [
    server("full", Clone(SOURCE)),
    server("building", Clone(SOURCE), vm_states.BUILDING),
    server("linked-a", Clone(SOURCE, "a", linked=True), vm_states.STOPPED),
    server("linked-b", Clone(SOURCE, "b", linked=True)),
    server("building-b", Clone(SOURCE, "b"), vm_states.BUILDING),
    server("of-another", Clone("22222222-2222-4222-8222-222222222222", "a", linked=True)),
    server("of-an-image", None),
]


@pytest.mark.parametrize(
    ("snapshots", "needing"),
    [
        (None, ["building", "linked-a", "linked-b", "building-b"]),
        (["a"], ["linked-a"]),
        (["a", "b"], ["linked-a", "linked-b", "building-b"]),
        (["c"], []),
    ],
)
def test_linked_clones_and_those_being_copied(snapshots: Collection[str] | None, needing: list[str]) -> None:
    assert dependants.needing(SERVERS, SOURCE, snapshots) == needing


def test_the_reason_names_some_and_counts_all() -> None:
    reason = dependants.reason("Server x", [f"clone-{number}" for number in range(7)])
    assert "7 clones" in reason
    assert "clone-4 and others" in reason
