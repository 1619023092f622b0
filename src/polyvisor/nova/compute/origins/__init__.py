"""Where servers come from: one module for each origin, each with a function `spawn(ops, cluster, build)`.

An origin is what the driver's `spawn` does to give a server its VM. Everything before and after it, from the
quota to the notification, is Nova's own and the same for all.
"""

from dataclasses import dataclass
from typing import Any

from nova.compute import vm_states
from nova.context import RequestContext
from nova.objects.image_meta import ImageMeta
from nova.objects.instance import Instance

from polyvisor.nova.compute.operation import Operations


@dataclass(frozen=True, slots=True)
class Build:
    """What Nova hands to `spawn`, and what watches over long work in vCenter."""

    context: RequestContext
    instance: Instance
    image_meta: ImageMeta
    injected_files: Any
    admin_password: str | None
    network_info: Any
    block_device_info: Any
    operations: Operations

    @property
    def is_new(self) -> bool:
        """Whether the server has never had a VM. If not, it is rebuilt or unshelved."""
        return bool(self.instance.vm_state == vm_states.BUILDING)
