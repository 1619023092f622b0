"""What a server is made of is read by scheduler and compute service as the API wrote it."""

import pytest

from polyvisor.nova import origin
from polyvisor.nova.clone import Clone
from polyvisor.nova.origin import Bounds, Origin

NODE = "domain-c1.11111111-1111-4111-8111-111111111111"
SAME_VCENTER = "domain-c2.11111111-1111-4111-8111-111111111111"
OTHER_VCENTER = "domain-c1.22222222-2222-4222-8222-222222222222"
VCENTER = origin.vcenter_of(NODE)


def test_a_server_without_marks_is_of_an_image() -> None:
    assert origin.read({"image_base_image_ref": "x"}) == Origin.IMAGE
    assert Bounds.read({}).allow("kvm1")


@pytest.mark.parametrize(
    ("bounds", "allowed"),
    [
        (Bounds(), {NODE, SAME_VCENTER, OTHER_VCENTER, "kvm1"}),
        (Bounds(VCENTER), {NODE, SAME_VCENTER}),
        (Bounds(VCENTER, NODE), {NODE}),
    ],
)
def test_bounds_survive_system_metadata(bounds: Bounds, allowed: set[str]) -> None:
    marks = origin.to_metadata(Origin.CLONE, bounds)

    assert origin.read(marks) == Origin.CLONE
    nodes = (NODE, SAME_VCENTER, OTHER_VCENTER, "kvm1")
    assert {node for node in nodes if Bounds.read(marks).allow(node)} == allowed


@pytest.mark.parametrize(
    "clone",
    [
        Clone("11111111-1111-4111-8111-111111111111"),
        Clone("11111111-1111-4111-8111-111111111111", "snapshot-1", linked=True),
    ],
)
def test_a_clone_survives_system_metadata(clone: Clone) -> None:
    marks = clone.to_metadata()

    assert Clone.read(marks) == clone
    assert all(key.startswith("polyvisor:") and len(value) <= 255 for key, value in marks.items())
