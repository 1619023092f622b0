"""References: every object that the API names carries `id`, `moref` and `name`.

A moref is unique within one vCenter, a name within less; the id, `<vCenter uuid>:<moref>`, everywhere.
"""

from collections.abc import Iterable

from polyvisor.nova.api.clusters import Item
from polyvisor.vsphere import naming


def reference(vcenter: str, moref: str, name: str) -> Item:
    """Return how the API names an object of the vCenter with this uuid."""
    return {"id": f"{vcenter}:{moref}", "moref": moref, "name": name}


def is_named(item: Item, wanted: str) -> bool:
    """Tell whether someone who says `wanted` means this object."""
    return wanted in (item["id"], item["moref"]) or naming.is_named(item["name"], wanted)


def any_named(items: Iterable[Item], wanted: str) -> bool:
    """Tell whether someone who says `wanted` means one of these objects."""
    return any(is_named(item, wanted) for item in items)
