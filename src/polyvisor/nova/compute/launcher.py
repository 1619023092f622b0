"""``polyvisor-compute``: Nova's own ``nova-compute``, to which our driver can be named in nova.conf."""

import importlib
from pathlib import Path

VIRT = Path(__file__).with_name("virt")


def main() -> None:
    """Run nova-compute with ``compute_driver = polyvisor.VMwareVCDriver`` resolvable.

    Nova loads drivers from the package `nova.virt` only. The package is given one more folder, ours, so
    nothing is written into Nova's.
    """
    # Imported here and first: its first line is Nova's choice of native threads or eventlet, which must
    # come before anything else of Nova.
    compute = importlib.import_module("nova.cmd.compute")
    importlib.import_module("nova.virt").__path__.append(str(VIRT))
    compute.main()
