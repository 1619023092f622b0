"""NICs of VMs: Nova's own code, led to exactly the port group that Neutron bound the port to.

Nova looks for a standard port group with a call for each network of the cluster, takes a distributed one that
only has the name in its own, and then writes the network's UUID into the NIC, whatever the name was.
"""

from collections.abc import Iterable
from typing import Any

from nova import exception
from nova.network import model
from nova.virt.vmwareapi import vif as stock
from oslo_vmware import vim_util

from polyvisor.vsphere.naming import unescape

get_network_device = stock.get_network_device


def get_vif_info(
    session: Any, cluster: Any, vif_model: str, network_info: Iterable[model.VIF] | None
) -> list[dict[str, Any]]:
    """What Nova makes the NICs of a new VM of; see `get_vif_dict`."""
    return [get_vif_dict(session, cluster, vif_model, vif) for vif in network_info or ()]


def get_vif_dict(session: Any, cluster: Any, vif_model: str, vif: model.VIF) -> dict[str, Any]:
    """What Nova makes a NIC of, new or moved to another port group.

    Args:
        session: Nova's.
        cluster: reference of the cluster that the VM is, or will be, in.

    Raises:
        nova.exception.NetworkNotFoundForBridge: the cluster does not have the port group.
    """
    details = vif.get("details") or {}
    if vif["type"] != model.VIF_TYPE_DVS or details.get("switch_type") != "vss":
        return stock.get_vif_dict(session, cluster, vif_model, vif)
    name = details["dvs_port_group_name"]
    if name not in _standard_port_groups(session, cluster):
        raise exception.NetworkNotFoundForBridge(bridge=name)
    return {
        "network_name": name,
        "mac_address": vif["address"],
        "network_ref": {"type": "Network", "name": name},
        "iface_id": vif["id"],
        "vif_model": vif_model,
    }


def _standard_port_groups(session: Any, cluster: Any) -> set[str]:
    """Names of those that hosts of the cluster have, in one call."""
    create = session.vim.client.factory
    networks = vim_util.build_traversal_spec(create, "network", "ComputeResource", "network", False, [])
    wanted = vim_util.build_property_filter_spec(
        create,
        [vim_util.build_property_spec(create, "Network", ["name"])],
        [vim_util.build_object_spec(create, cluster, [networks])],
    )
    found = session.invoke_api(
        session.vim,
        "RetrievePropertiesEx",
        session.vim.service_content.propertyCollector,
        specSet=[wanted],
        options=create.create("ns0:RetrieveOptions"),
    )
    with vim_util.WithRetrieval(session.vim, found) as objects:
        return {
            unescape(vim_util.propset_dict(item.propSet)["name"])
            for item in objects
            if vim_util.get_moref_type(item.obj) == "Network" and hasattr(item, "propSet")
        }
