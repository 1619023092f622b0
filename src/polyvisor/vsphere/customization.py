"""How a guest is told its name and addresses: VMware's guest customization, and cloud-init's guestinfo.

Guest customization is part of a clone and is done by VMware Tools at the first boot: by Perl or cloud-init in
Linux, by Sysprep in Windows. Source of facts: vSphere Web Services API Reference, CustomizationSpec;
cloud-init, datasource "VMware".
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Interface, IPv6Interface
from typing import Any, Final

from pyVmomi import vim

_Namespace = vim.vm.customization
_UTC: Final = "Etc/UTC"
_WINDOWS_UTC: Final = 85
"""Index of the time zone in Windows: (GMT) Greenwich Mean Time."""


@dataclass(frozen=True, slots=True)
class GuestNic:
    """What the guest has to know of one NIC.

    Attributes:
        addresses: with the prefix of the subnet; none: DHCP.
        gateways: at most one for each version of IP.
    """

    mac: str
    addresses: Sequence[IPv4Interface | IPv6Interface] = ()
    gateways: Sequence[str] = ()
    dns_servers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Windows:
    """What Sysprep asks for.

    Attributes:
        time_zone: index of Microsoft's list; default: UTC.
        join_domain: name of the Active Directory domain, joined as `domain_user`; else `workgroup`.
    """

    full_name: str = "Administrator"
    organization: str = "Organization"
    product_key: str = field(default="", repr=False)
    admin_password: str | None = field(default=None, repr=False)
    time_zone: int = _WINDOWS_UTC
    workgroup: str = "WORKGROUP"
    join_domain: str | None = None
    domain_user: str | None = None
    domain_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Guest:
    """Name and addresses of a guest."""

    hostname: str
    domain: str
    nics: Sequence[GuestNic]
    dns_suffixes: Sequence[str] = ()


def linux(guest: Guest, time_zone: str = _UTC) -> Any:
    """Give the vim.vm.customization.Specification for a Linux guest."""
    identity = _Namespace.LinuxPrep(
        hostName=_Namespace.FixedName(name=guest.hostname),
        domain=guest.domain,
        timeZone=time_zone,
        hwClockUTC=True,
    )
    return _specification(guest, identity, _Namespace.LinuxOptions())


def windows(guest: Guest, sysprep: Windows) -> Any:
    """Give the vim.vm.customization.Specification for a Windows guest; it gets a new SID.

    Its hostname must be one that Windows takes: at most 15 characters.
    """
    password = sysprep.admin_password
    identity = _Namespace.Sysprep(
        guiUnattended=_Namespace.GuiUnattended(
            password=_password(password), timeZone=sysprep.time_zone, autoLogon=False, autoLogonCount=0
        ),
        userData=_Namespace.UserData(
            fullName=sysprep.full_name,
            orgName=sysprep.organization,
            computerName=_Namespace.FixedName(name=guest.hostname),
            productId=sysprep.product_key,
        ),
        identification=_identification(sysprep),
    )
    return _specification(guest, identity, _Namespace.WinOptions(changeSID=True, deleteAccounts=False))


def guestinfo(guest: Guest, instance_id: str, user_data: str | None = None) -> dict[str, str]:
    """Give the keys of extraConfig that cloud-init reads.

    Args:
        user_data: base64.
    """
    metadata = {
        "instance-id": instance_id,
        "local-hostname": ".".join(filter(None, [guest.hostname, guest.domain])),
        "network": {
            "version": 2,
            "ethernets": {f"nic{number}": _netplan(nic) for number, nic in enumerate(guest.nics)},
        },
    }
    encoded = base64.b64encode(json.dumps(metadata).encode()).decode()
    keys = {"guestinfo.metadata": encoded, "guestinfo.metadata.encoding": "base64"}
    if user_data:
        keys |= {"guestinfo.userdata": user_data, "guestinfo.userdata.encoding": "base64"}
    return keys


def _netplan(nic: GuestNic) -> dict[str, Any]:
    settings: dict[str, Any] = {"match": {"macaddress": nic.mac}, "wakeonlan": True}
    if not nic.addresses:
        return settings | {"dhcp4": True}
    routes = [{"to": "::/0" if ":" in gateway else "0.0.0.0/0", "via": gateway} for gateway in nic.gateways]
    return settings | {
        "dhcp4": False,
        "addresses": [str(address) for address in nic.addresses],
        "routes": routes,
        "nameservers": {"addresses": list(nic.dns_servers)},
    }


def _specification(guest: Guest, identity: Any, options: Any) -> Any:
    servers = dict.fromkeys(server for nic in guest.nics for server in nic.dns_servers)
    return _Namespace.Specification(
        options=options,
        identity=identity,
        globalIPSettings=_Namespace.GlobalIPSettings(
            dnsServerList=list(servers), dnsSuffixList=list(guest.dns_suffixes)
        ),
        nicSettingMap=[
            _Namespace.AdapterMapping(macAddress=nic.mac, adapter=_adapter(nic)) for nic in guest.nics
        ],
    )


def _adapter(nic: GuestNic) -> Any:
    first = next((one for one in nic.addresses if isinstance(one, IPv4Interface)), None)
    sixes = [one for one in nic.addresses if isinstance(one, IPv6Interface)]
    settings = _Namespace.IPSettings(
        ip=_Namespace.FixedIp(ipAddress=str(first.ip)) if first else _Namespace.DhcpIpGenerator(),
        dnsServerList=list(nic.dns_servers),
    )
    if first:
        settings.subnetMask = str(first.netmask)
        settings.gateway = [gateway for gateway in nic.gateways if ":" not in gateway]
    if sixes:
        settings.ipV6Spec = _Namespace.IPSettings.IpV6AddressSpec(
            ip=[
                _Namespace.FixedIpV6(ipAddress=str(one.ip), subnetMask=one.network.prefixlen) for one in sixes
            ],
            gateway=[gateway for gateway in nic.gateways if ":" in gateway],
        )
    return settings


def _identification(sysprep: Windows) -> Any:
    if sysprep.join_domain is None:
        return _Namespace.Identification(joinWorkgroup=sysprep.workgroup)
    return _Namespace.Identification(
        joinDomain=sysprep.join_domain,
        domainAdmin=sysprep.domain_user,
        domainAdminPassword=_password(sysprep.domain_password),
    )


def _password(value: str | None) -> Any:
    return None if value is None else _Namespace.Password(value=value, plainText=True)
