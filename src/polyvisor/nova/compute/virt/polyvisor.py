"""Becomes `nova.virt.polyvisor`: what ``compute_driver = polyvisor.VMwareVCDriver`` names.

Imported after Nova has read its configuration; stock modules behind the driver take defaults from it when
they are imported.
"""

from polyvisor.nova.compute.driver import VMwareVCDriver

__all__ = ["VMwareVCDriver"]
