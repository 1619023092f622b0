"""What a clone's guest is told of its name and addresses: from the request and the ports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_interface, ip_network
from typing import Any

from nova.objects.instance import Instance

from polyvisor.nova.customization import Request
from polyvisor.vsphere import customization as vsphere
from polyvisor.vsphere.clone_source import Source
from polyvisor.vsphere.customization import Guest, GuestNic, Windows


@dataclass(frozen=True, slots=True)
class Customization:
    """How a guest is told.

    :ivar specification: for vCenter, None for none.
    :ivar extra_config: for cloud-init.
    :ivar warning: why the guest is not told, if it should be.
    """

    specification: Any = field(default=None, repr=False)
    extra_config: dict[str, str] = field(default_factory=dict, repr=False)
    warning: str | None = None


def decide(request: Request, source: Source, instance: Instance, network_info: Any) -> Customization:
    """Decide by the request, the guest's system, and whether it has VMware Tools."""
    kind = request.get("type", "auto")
    if kind == "none":
        return Customization()
    guest = _guest(request, instance, network_info)
    if kind == "cloud-init":
        keys = vsphere.guestinfo(guest, instance.uuid, instance.user_data)
        return Customization(extra_config=keys, warning=None if source.tools else _NO_TOOLS)
    if not source.tools:
        return Customization(warning=_NO_TOOLS)
    if kind == "windows":
        return Customization(vsphere.windows(guest, Windows(**request.get("sysprep", {}))))
    if source.guest != "linux":
        return Customization(warning=_UNASKED.format(source.guest))
    return Customization(vsphere.linux(guest, request.get("time_zone", "Etc/UTC")))


_NO_TOOLS = (
    "VMware Tools are not installed in the guest, so it is told neither its name nor its addresses: if it "
    "has those of the server in its own files, it comes up with them"
)
_UNASKED = (
    "only Linux guests are told their names and addresses without being asked, and this one is {}: if it has "
    "those of the server in its own files, it comes up with them"
)


def _guest(request: Request, instance: Instance, network_info: Any) -> Guest:
    return Guest(
        hostname=request.get("hostname") or str(instance.hostname),
        domain=request.get("domain", ""),
        nics=[_nic(port, request.get("dns_servers")) for port in network_info or ()],
        dns_suffixes=request.get("dns_suffixes", ()),
    )


def _nic(port: Any, dns_servers: Sequence[str] | None) -> GuestNic:
    subnets = port["network"]["subnets"]
    return GuestNic(
        mac=port["address"],
        addresses=list(_addresses(subnets)),
        gateways=[
            subnet["gateway"]["address"]
            for subnet in subnets
            if subnet["ips"] and (subnet["gateway"] or {}).get("address")
        ],
        dns_servers=dns_servers or [server["address"] for subnet in subnets for server in subnet["dns"]],
    )


def _addresses(subnets: Any) -> Iterator[Any]:
    for subnet in subnets:
        length = ip_network(subnet["cidr"], strict=False).prefixlen
        yield from (ip_interface(f"{address['address']}/{length}") for address in subnet["ips"])
