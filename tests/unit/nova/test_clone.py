"""What a clone is made of is read by the compute service as the API wrote it."""

import pytest

from polyvisor.nova.clone import Clone


@pytest.mark.parametrize(
    "clone",
    [
        Clone("server"),
        Clone("server", "snapshot", linked=True, vm="vm-1", state="snapshot-2"),
        Clone("server", volumes={"/dev/sdb": "volume-1", "/dev/sdc": "volume-2"}),
    ],
)
def test_it_survives_system_metadata(clone: Clone) -> None:
    assert Clone.read(clone.to_metadata()) == clone
