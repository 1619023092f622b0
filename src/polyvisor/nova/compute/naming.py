"""What the VMs of servers are called in vCenter."""

from itertools import accumulate
from typing import Final

from polyvisor.vsphere.naming import escape

_LONGEST: Final = 80
"""Characters: vSphere Virtual Machine Administration, "Select a Virtual Machine Name". Whether an escaped one
counts as three, it does not say."""


def vm_name(display_name: str | None, server: str) -> str:
    """Return the name of a server's VM, escaped: the server's own, as far as there is room, and its id.

    So does Nova's driver, but leaves the escaping to vCenter: "%2f" becomes "/", and some names too long.
    """
    if not display_name:
        return server
    room = _LONGEST - len(f" ({server})")
    lengths = accumulate(len(escape(character)) for character in display_name)
    fitting = sum(length <= room for length in lengths)
    return f"{escape(display_name[:fitting])} ({server})"
