"""What the inventory calls networks: standard port groups of one name, and distributed port groups."""

from typing import Any

from pyVmomi import vim

from polyvisor.vsphere import inventory
from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.session import Session, moref


def list_used_networks(session: Session, datacenter: str) -> dict[str, str]:
    """Networks of the datacenter (a moref) that a NIC of any VM is on, whatever state the VM is in.

    Asked of the VMs, not of the networks: whoever may not see a VM may see the network still, and its list of
    VMs is then short by that one. Neither is proof: only vCenter's own refusal is.

    Returns:
        moref -> name.

    Raises:
        VSphereError: as `Session.call` does.
    """
    home = session.managed_object(vim.Datacenter, datacenter)
    vms = inventory.collect(session, vim.VirtualMachine, ["network"], container=home)
    networks = inventory.collect(session, vim.Network, ["name"], container=home)
    used = {moref(network) for vm in vms.values() for network in vm.get("network", ())}
    return {ref: unescape(networks.get(ref, {}).get("name", "")) for ref in used}


def list_cluster_networks(session: Session, datacenter: str, cluster: str) -> dict[str, tuple[str, bool]]:
    """Networks that the hosts of the cluster (both morefs) see.

    Returns:
        moref -> (name, whether it is a distributed port group).

    Raises:
        VSphereError: as `Session.call` does.
    """
    owner: Any = session.managed_object(vim.ClusterComputeResource, cluster)
    seen = session.call(lambda: owner.network)
    names = inventory.collect(
        session, vim.Network, ["name"], container=session.managed_object(vim.Datacenter, datacenter)
    )
    return {
        moref(network): (
            unescape(names[moref(network)]["name"]),
            isinstance(network, vim.dvs.DistributedVirtualPortgroup),
        )
        for network in seen
        if "name" in names.get(moref(network), {})
    }
