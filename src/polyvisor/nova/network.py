"""Nova's client of Neutron, as servers of VMware clusters need it."""

from typing import Any

from nova.network import neutron
from typing_extensions import override


class NetworkAPI(neutron.API):
    """Asks for nothing that no VMware server has a use for.

    Nova asks for the network of each port, in two questions, when the server is asked for and whenever its
    record of the server's ports is made anew: it looks for the physical network, which NUMA affinity and
    SR-IOV of libvirt need. That is a quarter of all its questions to Neutron.
    """

    @override
    def _get_physnet_tunneled_info(self, context: Any, neutron: Any, net_id: str) -> tuple[None, bool]:
        return None, False
