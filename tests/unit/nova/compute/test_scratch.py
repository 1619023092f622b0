"""Ephemeral and swap disks stay known over generations of clones."""

from polyvisor.nova.compute import scratch
from polyvisor.vsphere.clone_source import Source


def source(disks: dict[int, str], **extra: str) -> Source:
    return Source("vm-1", "uuid", None, "[ds] vm", "linux", True, 0, frozenset(), disks, (), {}, (), extra)


def test_of_a_server_that_nova_built() -> None:
    disks = {2000: "[ds] vm/vm.vmdk", 2001: "[ds] vm/ephemeral_0.vmdk", 2002: "[ds] vm/swap.vmdk"}
    assert list(scratch.marks(source(disks)).values()) == ["2001,2002"]


def test_of_a_clone() -> None:
    [(key, _)] = scratch.marks(source({2001: "[ds] vm/swap.vmdk"})).items()
    disks = {2000: "[ds] copy/copy.vmdk", 2001: "[ds] copy/copy_1.vmdk"}
    assert scratch.marks(source(disks, **{key: "2001"})) == {key: "2001"}


def test_of_a_server_that_has_none() -> None:
    assert scratch.marks(source({2000: "[ds] vm/swap-server.vmdk"})) == {}
