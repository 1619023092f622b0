"""The network cards of a server: from Nova's description of its ports to those of its VM."""

from typing import Any

from nova import exception
from nova.context import RequestContext
from nova.network import neutron
from nova.virt.vmwareapi import vm_util

from polyvisor.nova.compute import vif
from polyvisor.vsphere.nic import Nic


def read(session: Any, cluster: Any, network_info: Any, model: str) -> list[Nic]:
    """Return the cards in the order of the ports, on the port groups to which Neutron bound these.

    :param session: Nova's.
    :param model: of the cards, as images name it, for example "vmxnet3" or "VirtualVmxnet3".
    :raises nova.exception.InvalidInput: a port is bound to something else than a port group.
    """
    wanted = vm_util.convert_vif_model(model)
    return [_nic(info) for info in vif.get_vif_info(session, cluster, wanted, network_info)]


def marks(network_info: Any) -> dict[str, str]:
    """Return the keys by which Nova finds the card of a port: ``nvp.iface-id.N``."""
    return {f"nvp.iface-id.{number}": port["id"] for number, port in enumerate(network_info or [])}


def port_group_of(port: Any) -> str | None:
    """Return the port group that Neutron bound a port to, as NICs name it; None if it does not say.

    That is the key of a distributed one, and the name of a standard one.
    """
    details = port.get("details") or {}
    return details.get("pg_id") or details.get("dvs_port_group_name")


def is_gone(context: RequestContext, port: str) -> bool:
    """Tell whether Neutron has no port of this id any more."""
    try:
        neutron.API().show_port(context.elevated(), port)
    except exception.PortNotFound:
        return True
    return False


def _nic(info: dict[str, Any]) -> Nic:
    network, mac, model = info["network_ref"], info["mac_address"], info["vif_model"]
    match network["type"]:
        case "DistributedVirtualPortgroup":
            port = network.get("dvs_port_key")
            return Nic(mac, network["dvpg"], switch=network["dvsw"], port=port, model=model)
        case "Network":
            return Nic(mac, info["network_name"], model=model)
        case other:
            raise exception.InvalidInput(reason=f"a clone cannot have a port on a network of type {other}")
