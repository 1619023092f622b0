from typing import Any

import pytest
from nova import objects
from oslo_utils import units

from polyvisor.nova.api.checks.disks import required_bytes

objects.register_all()

IMAGE = {"imageRef": "image"}
BLANK = {"source_type": "blank", "destination_type": "local", "boot_index": -1}
ROOT_ON_VOLUME = {"source_type": "image", "uuid": "x", "destination_type": "volume", "boot_index": 0}


def flavor() -> Any:
    return objects.Flavor(root_gb=10, ephemeral_gb=5, swap=512)


@pytest.mark.parametrize(
    ("mappings", "gib", "mib"),
    [
        ([], 15, 512),
        ([ROOT_ON_VOLUME], 5, 512),
        ([ROOT_ON_VOLUME | {"boot_index": "0"}], 5, 512),
        ([{"source_type": "volume", "uuid": "x", "destination_type": "volume", "boot_index": 1}], 15, 512),
        ([{"source_type": "image", "uuid": "x", "destination_type": "local", "boot_index": 0}], 15, 512),
        ([BLANK | {"volume_size": 2}], 12, 512),
        ([BLANK | {"volume_size": 2}, BLANK | {"volume_size": "1"}], 13, 512),
        ([BLANK], 15, 512),
        ([BLANK | {"guest_format": "swap", "volume_size": 64}], 15, 64),
        ([BLANK | {"destination_type": "volume", "volume_size": 99}], 15, 512),
    ],
)
def test_counts_what_is_local(mappings: list[dict[str, Any]], gib: int, mib: int) -> None:
    server = IMAGE | {"block_device_mapping_v2": mappings}
    assert required_bytes(flavor(), server) == gib * units.Gi + mib * units.Mi


@pytest.mark.parametrize("server", [{}, {"imageRef": ""}, {"imageRef": None}])
def test_without_an_image_the_root_disk_is_a_volume(server: dict[str, Any]) -> None:
    assert required_bytes(flavor(), server) == 5 * units.Gi + 512 * units.Mi


@pytest.mark.parametrize("odd", ["x", 5, {}, ["x"], [BLANK | {"volume_size": "many"}]])
def test_what_nova_will_refuse_counts_as_if_it_were_not_there(odd: Any) -> None:
    assert (
        required_bytes(flavor(), IMAGE | {"block_device_mapping_v2": odd}) == 15 * units.Gi + 512 * units.Mi
    )
