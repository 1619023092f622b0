"""Addresses as guests claim them: VMware Tools pass on what the guest says, whatever that is."""

from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from polyvisor.vsphere.network_adapter import NetworkAdapter

Interface = IPv4Interface | IPv6Interface


def interfaces(nic: NetworkAdapter) -> Iterator[Interface]:
    """The addresses that others can reach a NIC by; without a known prefix, each in a subnet of its own."""
    for text in nic.addresses:
        try:
            found = ip_interface(text)
        except ValueError:
            continue  # a zone, or nonsense
        own = found.ip.is_link_local or found.ip.is_loopback
        if not (own or found.ip.is_multicast or found.ip.is_unspecified):
            yield found


def reported(nic: NetworkAdapter) -> tuple[str, ...]:
    """The same as plain addresses, each once."""
    return tuple(dict.fromkeys(str(interface.ip) for interface in interfaces(nic)))
