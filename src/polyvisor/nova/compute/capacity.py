"""What a cluster has, as Nova reports it to Placement.

Nova has it reported anew whenever a server is claimed or its record changes, several times for each that is
built, and its driver reads all hosts and datastores of the cluster for that.
"""

from collections.abc import Callable
from typing import Any


class Reports:
    """Reports after each regular look of Nova (`update_resources_interval`), and not in between."""

    def __init__(self) -> None:
        self._is_current = False

    def look(self) -> None:
        """Report anew next time: a regular look has begun."""
        self._is_current = False

    def report(self, tree: Any, node: str, write: Callable[[], None]) -> None:
        """Have the inventory written into Nova's copy of Placement's providers, if that has none or is old.

        :param tree: a `nova.compute.provider_tree.ProviderTree`.
        :param write: does so, after a look at vCenter.
        """
        if not self._is_current or not tree.data(node).inventory:
            write()
            self._is_current = True
