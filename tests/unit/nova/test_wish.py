"""The wish in a server's metadata."""

from typing import Any

import pytest
from nova import objects
from oslo_utils import units

from polyvisor.nova import errors, wish
from polyvisor.vsphere.wish import Wish


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, None),
        ({"role": "web", "host": "esx11"}, None),
        ({"vmware:host": "esx11"}, Wish(host="esx11", datastore=None)),
        ({"VMware:Datastore": "shared 1"}, Wish(host=None, datastore="shared 1")),
        ({"vmware:HOST": "host-21", "vmware:datastore": "a%b"}, Wish(host="host-21", datastore="a%b")),
    ],
)
def test_is_read_whatever_the_case_of_the_keys(metadata: dict[str, str], expected: Wish | None) -> None:
    assert wish.read(metadata) == expected


def test_the_same_key_twice_is_refused() -> None:
    with pytest.raises(errors.WishInvalid, match="VMware:host, vmware:host are the same key"):
        wish.read({"vmware:host": "esx11", "VMware:host": "esx12"})


@pytest.mark.parametrize("value", ["", "   "])
def test_an_empty_value_is_refused(value: str) -> None:
    with pytest.raises(errors.WishInvalid, match="vmware:datastore is empty"):
        wish.read({"vmware:host": "esx11", "vmware:datastore": value})


@pytest.mark.parametrize("value", [5, None, ["esx11"]])
def test_what_is_no_text_is_not_called_empty(value: Any) -> None:
    with pytest.raises(errors.WishInvalid, match="vmware:host must be text"):
        wish.read({"vmware:host": value})


@pytest.mark.parametrize(("boot_from_volume", "gib"), [(False, 30), (True, 10)])
def test_disks_are_root_ephemeral_and_swap(boot_from_volume: bool, gib: int) -> None:
    flavor = objects.Flavor(root_gb=20, ephemeral_gb=10, swap=512)

    assert wish.disk_bytes(flavor, boot_from_volume=boot_from_volume) == gib * units.Gi + 512 * units.Mi
