"""One VLAN for a server on VMware and one on KVM, shown by what goes over the wire between the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from polyvisor.sandbox import cloud, govc, inventory, probes
from polyvisor.sandbox.kvm import wire
from polyvisor.sandbox.settings import Settings

SERVER = "demo-kvm"
BOOT_SECONDS = 240
CONSOLE_LINES = 20


def request(tenant: Any, network: Any) -> Any:
    """Ask for the server on KVM: only its image says so."""
    return tenant.compute.create_server(
        name=SERVER,
        image_id=tenant.image.find_image(cloud.KVM_IMAGE).id,
        flavor_id=tenant.compute.find_flavor("tiny").id,
        networks=[{"uuid": network.id}],
    )


def show(
    settings: Settings, console: Console, tenant: Any, servers: list[Any], waiting: Callable[[str], None]
) -> list[str]:
    """Let somebody stand in for the guest on ESXi, print what both sides have, and return what is wrong.

    ``servers``: the one on VMware and the one on KVM, both ACTIVE in one network.
    """
    vmware, kvm = (next(iter(tenant.network.ports(device_id=server.id))) for server in servers)
    addresses = [port.fixed_ips[0]["ip_address"] for port in (vmware, kvm)]
    vlan = govc.port_group_vlan(settings, f"/{inventory.DATACENTER}/network/os-{vmware.network_id}")
    with wire.capture(settings) as frames, wire.stand_in(settings, vmware.mac_address, vlan) as guest:
        lease, told = guest.lease(), guest.metadata("hostname")
        _wait_for_answer(tenant, servers[1], lambda: guest.pings(addresses[1]), waiting)
    seen = [wire.vlans(frames, port.mac_address) for port in (vmware, kvm)]
    rows = {
        "Neutron port": [port.id[:13] for port in (vmware, kvm)],
        "address": addresses,
        "VLAN of its frames": [", ".join(map(str, vlans)) for vlans in seen],
        "by DHCP": [lease, ""],
        "metadata": [told, ""],
        "ping": ["→ answered by", addresses[1]],
    }
    _print(console, servers, rows)
    wrong = [] if lease == addresses[0] else [f"DHCP gave {lease} instead of {addresses[0]}"]
    return wrong + ([] if seen == [{vlan}, {vlan}] else [f"frames were seen in VLANs {seen}, not in {vlan}"])


def _wait_for_answer(
    tenant: Any, server: Any, answers: Callable[[], bool], waiting: Callable[[str], None]
) -> None:
    try:
        probes.wait(lambda: None if answers() else f"{SERVER} to answer", BOOT_SECONDS, waiting)
    except probes.ProbeTimeoutError as error:
        log = tenant.compute.get_server_console_output(server, length=CONSOLE_LINES)["output"]
        raise probes.ProbeTimeoutError(f"{error}; its console ends with:\n{log}") from error


def _print(console: Console, servers: list[Any], rows: dict[str, list[str]]) -> None:
    names = [f"{server.name} on {where}" for server, where in zip(servers, ("VMware", "KVM"), strict=True)]
    table = Table("", *names, title="One VLAN; seen on the wire between the hosts", title_justify="left")
    for title, cells in rows.items():
        table.add_row(title, *cells)
    console.print(table)
