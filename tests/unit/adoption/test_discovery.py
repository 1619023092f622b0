"""Discoveries as files."""

import gzip
from pathlib import Path

import pytest

from polyvisor.adoption import discovery as discovery_file
from polyvisor.adoption.errors import AdoptionError
from tests.unit.adoption.builders import discovery, disk, nic, vm


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = discovery(vm(1, disks=(disk(parents=("[a] b.vmdk",)),)), vm(2, nics=(nic(), nic(4001))))
    file = tmp_path / "found"
    discovery_file.save(found, file)
    assert discovery_file.load(file) == found
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "found"
    discovery_file.save(discovery(vm(1), vm(2)), file)
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(lines[:2])))
    with pytest.raises(AdoptionError, match="cut off after 1 VMs"):
        discovery_file.load(file)
    whole = gzip.compress(b"".join(lines))
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AdoptionError, match="cannot be read as a discovery"):
        discovery_file.load(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text", gzip.compress(b"[]\n", mtime=0), gzip.compress(b'{"format": "x"}\n', mtime=0)],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "found"
    file.write_bytes(content)
    with pytest.raises(AdoptionError, match=str(file)):
        discovery_file.load(file)


def test_paths_are_those_that_govc_shows() -> None:
    found = discovery(vm(1, name="a/b"))
    assert found.path(found.vms[0]) == "/dc1/vm/shop/a%2fb"
