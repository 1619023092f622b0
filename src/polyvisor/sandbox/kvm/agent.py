"""Run a Neutron agent: ``python -m polyvisor.sandbox.kvm.agent neutron.cmd.agents.dhcp ...``.

Neutron's own scripts start a helper process for each kind of privilege that an agent needs. All are root
here, so the agent does it all itself: six helpers less, which would take 0.6 GB.
"""

from __future__ import annotations

import importlib
import sys

from oslo_privsep.priv_context import PrivContext


def main() -> None:
    """Run the agent's own ``main``, without helpers."""
    sys.argv = sys.argv[1:]
    for context in vars(importlib.import_module("neutron.privileged")).values():
        if isinstance(context, PrivContext):
            context.set_client_mode(False)
    importlib.import_module(sys.argv[0]).main()


if __name__ == "__main__":
    main()
