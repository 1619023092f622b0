"""What the inventory calls networks: standard port groups of one name, and distributed port groups."""

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
