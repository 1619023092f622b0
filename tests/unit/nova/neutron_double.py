"""Neutron as Nova's client sees it, in memory."""

from typing import Any

from nova.network import constants

PORT = "11111111-1111-4111-8111-111111111111"
SERVER = "22222222-2222-4222-8222-222222222222"
NETWORK = "33333333-3333-4333-8333-333333333333"
SUBNET = "44444444-4444-4444-8444-444444444444"


class Neutron:
    """Answers as Neutron does, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.floating: list[dict[str, Any]] = []
        self.port = {
            "id": PORT,
            "device_id": SERVER,
            "revision_number": 7,
            "network_id": NETWORK,
            "tenant_id": "project",
            "mac_address": "00:50:56:00:00:01",
            "fixed_ips": [{"subnet_id": SUBNET, "ip_address": "10.0.0.4"}],
            "status": "ACTIVE",
            "admin_state_up": True,
            constants.BINDING_PROFILE: {},
            "binding:vif_type": "dvs",
        }

    def show_port(self, _port: str, fields: Any = None) -> dict[str, Any]:
        self.asked.append("port")
        return {"port": dict(self.port)}

    def list_ports(self, **query: Any) -> dict[str, Any]:
        self.asked.append("ports")
        return {"ports": [] if "device_owner" in query else [dict(self.port)]}

    def list_networks(self, **_query: Any) -> dict[str, Any]:
        self.asked.append("networks")
        return {"networks": [{"id": NETWORK, "name": "vlan-30", "tenant_id": "project", "mtu": 1500}]}

    def list_subnets(self, **_query: Any) -> dict[str, Any]:
        self.asked.append("subnets")
        return {"subnets": [{"cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "network_id": NETWORK}]}

    def list_floatingips(self, **_query: Any) -> dict[str, Any]:
        return {"floatingips": self.floating}
