"""Run a Neutron agent: ``python -m polyvisor.sandbox.kvm.agent neutron.cmd.agents.dhcp ...``.

Neutron's own scripts start a helper process for each kind of privilege that an agent needs. All are root
here, so the agent does it all itself: six helpers less, which would take 0.6 GB.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys

from oslo_privsep.priv_context import PrivContext


def _forget_signals() -> None:
    # pyroute2 forks a process for each look into a namespace, and ends it with SIGTERM. The descriptor by
    # which oslo.service hears of signals is shared with such children: the agent would end itself.
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> None:
    """Run the agent's own ``main``, without helpers."""
    os.register_at_fork(after_in_child=_forget_signals)
    sys.argv = sys.argv[1:]
    for context in vars(importlib.import_module("neutron.privileged")).values():
        if isinstance(context, PrivContext):
            context.set_client_mode(False)
    importlib.import_module(sys.argv[0]).main()


if __name__ == "__main__":
    main()
