"""What a clone's guest is told, by the request, its system and its ports."""

import base64
import json
from typing import Any

import pytest
from nova.network.model import IP, VIF, Network, Subnet
from nova.objects.instance import Instance

from polyvisor.nova.compute.customization import decide
from polyvisor.nova.customization import from_files, to_files
from polyvisor.vsphere.clone_source import Guest, Source

SERVER = Instance(
    uuid="11111111-1111-4111-8111-111111111111", hostname="web", user_data="I2Nsb3VkLWNvbmZpZw=="
)
PORTS = [
    VIF(
        id="port",
        address="fa:16:3e:00:00:01",
        network=Network(
            subnets=[
                Subnet(
                    cidr="192.0.2.0/24",
                    ips=[IP(address="192.0.2.17")],
                    gateway=IP(address="192.0.2.1"),
                    dns=[IP(address="192.0.2.53")],
                ),
                Subnet(cidr="2001:db8::/64", ips=[IP(address="2001:db8::17")], gateway=None, dns=[]),
                Subnet(cidr="198.51.100.0/24", ips=[], gateway=IP(address="198.51.100.1"), dns=[]),
            ]
        ),
    )
]


def source(guest: Guest = "linux", *, tools: bool = True) -> Source:
    return Source("vm-1", "uuid", None, "[ds] vm", guest, tools, 0, frozenset(), {}, (), {}, (), {})


def test_linux_is_told_its_name_and_addresses() -> None:
    told = decide({"domain": "example.org"}, source(), SERVER, PORTS)

    spec = told.specification
    assert (spec.identity.hostName.name, spec.identity.domain) == ("web", "example.org")
    [nic] = spec.nicSettingMap
    assert nic.macAddress == "fa:16:3e:00:00:01"
    assert nic.adapter.ip.ipAddress == "192.0.2.17"
    assert (nic.adapter.subnetMask, nic.adapter.gateway) == ("255.255.255.0", ["192.0.2.1"])
    [six] = nic.adapter.ipV6Spec.ip
    assert (six.ipAddress, six.subnetMask) == ("2001:db8::17", 64)
    assert spec.globalIPSettings.dnsServerList == ["192.0.2.53"]
    assert (told.warning, told.extra_config) == (None, {})


def test_windows_is_told_when_asked() -> None:
    request = {
        "type": "windows",
        "hostname": "web-2",
        "sysprep": {"admin_password": "secret"},
    }
    told = decide(request, source("windows"), SERVER, PORTS)

    identity = told.specification.identity
    assert identity.userData.computerName.name == "web-2"
    assert identity.guiUnattended.password.value == "secret"
    assert "secret" not in repr(told)


def test_cloud_init_reads_guestinfo() -> None:
    told = decide({"type": "cloud-init", "dns_servers": ["192.0.2.54"]}, source(), SERVER, PORTS)

    assert told.specification is None
    metadata = json.loads(base64.b64decode(told.extra_config["guestinfo.metadata"]))
    nic = metadata["network"]["ethernets"]["nic0"]
    assert metadata["instance-id"] == SERVER.uuid
    assert nic["match"] == {"macaddress": "fa:16:3e:00:00:01"}
    assert nic["addresses"] == ["192.0.2.17/24", "2001:db8::17/64"]
    assert nic["nameservers"] == {"addresses": ["192.0.2.54"]}
    assert told.extra_config["guestinfo.userdata"] == SERVER.user_data


@pytest.mark.parametrize(
    ("request_", "guest", "tools", "warning"),
    [
        ({}, "linux", False, "VMware Tools"),
        ({"type": "windows"}, "windows", False, "VMware Tools"),
        ({}, "windows", True, "only Linux"),
        ({}, "other", True, "only Linux"),
        ({"type": "none"}, "linux", True, None),
    ],
)
def test_where_nothing_is_told_it_is_said(
    request_: dict[str, Any], guest: Guest, tools: bool, warning: str | None
) -> None:
    told = decide(request_, source(guest, tools=tools), SERVER, PORTS)

    assert told.specification is None
    assert (told.warning is None) if warning is None else warning in str(told.warning)


def test_the_request_travels_as_a_file() -> None:
    [(path, content)] = to_files({"type": "linux"})
    as_nova_hands_over = [("/etc/motd", b"hello"), (path, base64.b64decode(content))]

    assert from_files(as_nova_hands_over) == {"type": "linux"}
    assert from_files(None) == from_files([]) == {}
    assert to_files({}) == []
