"""Nova's client of Neutron, as servers of VMware clusters need it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from nova import exception
from nova.network import constants, neutron
from nova.network.model import VIF, FixedIP, NetworkInfo
from nova.objects.instance import Instance
from typing_extensions import override

#: In the meta data of a VIF: the revision of the port of which it was made. Text, as notifications want it.
_REVISION: Final = "port_revision"


class NetworkAPI(neutron.API):
    """Asks for nothing that no VMware server has a use for, nor for what is known.

    Nova asks for the network of each port, in two questions, when the server is asked for and whenever its
    record of the server's ports is made anew: it looks for the physical network, which NUMA affinity and
    SR-IOV of libvirt need. That is a quarter of all its questions to Neutron.

    Neutron tells Nova of every change of a port, those included that Nova has asked for itself: then nothing
    has changed since Nova has read the port, as the port's revision tells.
    """

    @override
    def _get_physnet_tunneled_info(self, context: Any, neutron: Any, net_id: str) -> tuple[None, bool]:
        return None, False

    @override
    def _build_vif_model(
        self, context: Any, client: Any, current_neutron_port: Mapping[str, Any], *args: Any, **kwargs: Any
    ) -> VIF:
        vif = super()._build_vif_model(context, client, current_neutron_port, *args, **kwargs)
        if "revision_number" in current_neutron_port:
            vif["meta"][_REVISION] = str(current_neutron_port["revision_number"])
        return vif

    @override
    def _build_network_info_model(
        self,
        context: Any,
        instance: Instance,
        networks: Any = None,
        port_ids: Any = None,
        admin_client: Any = None,
        preexisting_port_ids: Any = None,
        refresh_vif_id: str | None = None,
        force_refresh: bool = False,
    ) -> NetworkInfo:
        if refresh_vif_id and self._is_current(context, instance, refresh_vif_id):
            return instance.get_network_info()
        return super()._build_network_info_model(
            context,
            instance,
            networks,
            port_ids,
            admin_client,
            preexisting_port_ids,
            refresh_vif_id,
            force_refresh,
        )

    def _is_current(self, context: Any, instance: Instance, port_id: str) -> bool:
        """Tell whether the record of the port is what would be made of it now.

        Floating IPs are not the port's, and Neutron tells of them in the same way.
        """
        vif = next((each for each in instance.get_network_info() if each["id"] == port_id), None)
        if vif is None or vif.get_meta(_REVISION) is None:
            return False
        client = neutron.get_client(context, admin=True)
        try:
            port = self._show_port(context, port_id, neutron_client=client)
        except exception.PortNotFound:
            return False
        seen = instance.uuid, vif.get_meta(_REVISION)
        return (port["device_id"], str(port["revision_number"])) == seen and _addresses(
            vif.fixed_ips()
        ) == _addresses(self._nw_info_get_ips(client, port))


def _addresses(fixed_ips: Iterable[FixedIP]) -> list[tuple[str, list[str]]]:
    return sorted((ip["address"], sorted(each["address"] for each in ip["floating_ips"])) for ip in fixed_ips)


class KnownPorts(NetworkAPI):
    """Answers one request's questions about ports that have been read at its beginning.

    Nova's API itself reads each port of a server three times while the server is asked for.
    """

    def __init__(self, network: NetworkAPI, ports: Sequence[Mapping[str, Any]]) -> None:
        """Take the ports as Neutron has shown them to the user.

        :param network: keeps what is not of one request only.
        """
        super().__init__()
        self._network = network
        self._ports = {port["id"]: port for port in ports}

    @override
    def _has_extension(self, extension: str, context: Any = None, client: Any = None) -> bool:
        return bool(self._network._has_extension(extension, context, client))  # noqa: SLF001 - of the same class

    @override
    def _show_port(
        self, context: Any, port_id: str, neutron_client: Any = None, fields: Sequence[str] | None = None
    ) -> dict[str, Any]:
        port = self._ports.get(port_id)
        # Nova asks for single fields as itself, as a user who is no administrator is not shown all of them.
        if port is None or (fields and constants.BINDING_PROFILE not in port):
            return dict(super()._show_port(context, port_id, neutron_client, fields))
        return dict(port)
