"""How much room the disks of a server need on its datastore."""

from typing import Any

from nova.objects.flavor import Flavor
from oslo_utils import units

Mapping = dict[str, Any]


def required_bytes(flavor: Flavor, server: dict[str, Any]) -> int:
    """Return the bytes that the local disks of one server need: root, ephemeral and swap.

    `server` is the `server` object of a creation request. Its block device mapping can replace each of the
    flavor's disks: the root disk by a volume, the ephemeral and swap disks by smaller ones. What the mapping
    puts on volumes is Cinder's to place, and not counted.
    """
    listed = server.get("block_device_mapping_v2")
    mappings = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    blank = [item for item in mappings if item.get("source_type") == "blank" and not _is_volume(item)]
    swap = [item for item in blank if item.get("guest_format") == "swap"]
    ephemeral = [item for item in blank if item.get("guest_format") != "swap"]
    root_gb = 0 if _boots_from_volume(server, mappings) else flavor.root_gb
    ephemeral_gb = _total(ephemeral, flavor.ephemeral_gb)
    return (root_gb + ephemeral_gb) * units.Gi + _total(swap, flavor.swap) * units.Mi


def _total(mappings: list[Mapping], default: int) -> int:
    # As Nova counts: a mapping without a size takes the flavor's.
    return sum(_size(item, default) for item in mappings) if mappings else default


def _size(mapping: Mapping, default: int) -> int:
    try:
        return int(mapping.get("volume_size", default))
    except (TypeError, ValueError):
        return default


def _boots_from_volume(server: dict[str, Any], mappings: list[Mapping]) -> bool:
    # Without an image, only a volume can be what the server boots from.
    return not server.get("imageRef") or any(
        str(item.get("boot_index")) == "0" and _is_volume(item) for item in mappings
    )


def _is_volume(mapping: Mapping) -> bool:
    return mapping.get("destination_type") == "volume" or mapping.get("source_type") in ("volume", "snapshot")
