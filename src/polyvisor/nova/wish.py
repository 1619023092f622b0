"""The wish: the ESXi host and the datastore that a server's owner asked for.

It lives in the server's metadata and nowhere else, so that the API, the scheduler and the compute driver
read the same thing, and whoever looks at the server sees it too.
"""

from collections.abc import Mapping

from nova.objects.flavor import Flavor
from oslo_utils import units

from polyvisor.nova import errors
from polyvisor.vsphere.wish import Wish

HOST_KEY = "vmware:host"
DATASTORE_KEY = "vmware:datastore"


def read(metadata: Mapping[str, str]) -> Wish | None:
    """Return what the metadata ask for, or None if they ask for nothing.

    Keys are matched without regard to case, because Nova's database compares them so. Values are names or
    morefs as vCenter spells them, or ids as our API does.

    :raises errors.WishInvalid: a key is there twice with different case, or has an empty value.
    """
    host = _value(metadata, HOST_KEY)
    datastore = _value(metadata, DATASTORE_KEY)
    return Wish(host=host, datastore=datastore) if host or datastore else None


def is_key(key: str) -> bool:
    """Tell whether a metadata key belongs to a wish."""
    return key.lower() in (HOST_KEY, DATASTORE_KEY)


def disk_bytes(flavor: Flavor, *, boot_from_volume: bool) -> int:
    """Return how much a server of this flavor takes of a datastore: root, ephemeral and swap disk."""
    root_gb = 0 if boot_from_volume else flavor.root_gb
    return (root_gb + flavor.ephemeral_gb) * units.Gi + flavor.swap * units.Mi


def _value(metadata: Mapping[str, str], wanted: str) -> str | None:
    keys = sorted(key for key in metadata if key.lower() == wanted)
    if not keys:
        return None
    if len(keys) > 1:
        raise errors.WishInvalid(
            reason=f"metadata keys {', '.join(keys)} are the same key; give {wanted} once"
        )
    value = metadata[keys[0]]
    if not isinstance(value, str):
        raise errors.WishInvalid(reason=f"metadata key {keys[0]} must be text, the name of a place")
    if not value.strip():
        raise errors.WishInvalid(reason=f"metadata key {keys[0]} is empty; give a name, or leave the key out")
    return value
