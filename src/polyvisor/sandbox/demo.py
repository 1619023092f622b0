"""The main job, as a tenant does it: servers on the ESXi hosts and datastores named, and gone again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import openstack
from rich.console import Console
from rich.table import Table

from polyvisor.sandbox import adoption_demo, cloud, govc, inventory, mixed_demo, platform_demo, probes
from polyvisor.sandbox.progress import Progress
from polyvisor.sandbox.settings import Settings

#: Server -> the ESXi host and the datastore it is asked for.
WISHES = {"demo-a": ("esx12", "cluster1-ssd"), "demo-b": ("esx23", "shared1"), "demo-c": ("esx23", "shared1")}
REFUSED = {
    "no such host": ("esx99", "shared1"),
    "a host that does not see the datastore": ("esx12", "cluster2-ssd"),
}
NETWORK = "demo-net"
BUILD_SECONDS = 180
PORT_GROUP_SECONDS = 90


class DemoFailedError(Exception):
    """What was seen is not what was asked for; the message says where they differ."""


@dataclasses.dataclass(frozen=True)
class Seen:
    """A built server as others see it: vCenter by govc, Neutron by its API."""

    host: str
    datastores: list[str]
    port: str
    address: str
    vlan: int


def run(settings: Settings, console: Console) -> None:
    """Do it all, show it, and leave nothing. Raises DemoFailedError."""
    progress = Progress(console)
    tenant = cloud.connect(settings, "demo")
    with progress.stage("tidy up after an earlier demo"):
        _remove_everything(tenant, progress.waiting)
    network = _make_network(settings, tenant)
    with progress.stage("refuse what cannot be"):
        refusals = {title: _refusal(tenant, network, *wish) for title, wish in REFUSED.items()}
    for title, message in refusals.items():
        console.print(f"    {title}: {message}", highlight=False, soft_wrap=True)
    with progress.stage("build where asked"):
        on_kvm = mixed_demo.request(tenant, network) if settings.kvm else None
        servers = _build(tenant, network, _ids(settings), progress.waiting)
        seen = {name: _look(settings, tenant, server) for name, server in servers.items()}
    _show(console, settings, servers, seen)
    if on_kvm:
        with progress.stage("one VLAN with a server on KVM"):
            _wait(tenant, on_kvm, "ACTIVE")
            pair = [servers["demo-a"], on_kvm]
            if wrong := mixed_demo.show(settings, console, tenant, pair, progress.waiting):
                raise DemoFailedError("; ".join(wrong))
    else:
        console.print("    no KVM host in this sandbox: `polyvisor sandbox up --kvm` adds one")
    with progress.stage("stop, start, resize"):
        _use(tenant, servers["demo-a"], progress.waiting)
        _compare("demo-a", _look(settings, tenant, servers["demo-a"]))
    console.print(f"    console log: {_console_log(tenant, servers['demo-a'])}", highlight=False)
    with progress.stage("delete"):
        _remove_everything(tenant, progress.waiting)
        _wait_for_port_group_to_go(settings, network.id, progress.waiting)
        _check_clean(settings, tenant, list(servers.values()))
    if wrong := adoption_demo.AdoptionDemo(settings, console, progress).run():
        raise DemoFailedError("; ".join(wrong))
    console.print("[green]vCenter and Neutron are clean again.[/]")
    if settings.op:
        platform_demo.PlatformDemo(settings, console, progress).run()


def _make_network(settings: Settings, tenant: Any) -> Any:
    network = tenant.network.create_network(name=NETWORK)
    tenant.network.create_subnet(
        network_id=network.id, name=NETWORK, ip_version=4, cidr="198.51.100.0/24", enable_dhcp=settings.kvm
    )
    return network


def _request(tenant: Any, network: Any, name: str, host: str, datastore: str) -> Any:
    return tenant.compute.create_server(
        name=name,
        image_id=tenant.image.find_image(cloud.IMAGE).id,
        flavor_id=tenant.compute.find_flavor("small").id,
        networks=[{"uuid": network.id}],
        config_drive=True,
        metadata={"vmware:host": host, "vmware:datastore": datastore},
    )


def _refusal(tenant: Any, network: Any, host: str, datastore: str) -> str:
    try:
        _request(tenant, network, "demo-refused", host, datastore)
    except openstack.exceptions.BadRequestException as error:
        return f"HTTP 400: {error.details}"
    raise DemoFailedError(f"a server on {host} and {datastore} was not refused")


def _ids(settings: Settings) -> dict[str, str]:
    """Hosts and datastores of the first vCenter by name, if there are two, each with all of these names."""
    if len(settings.vcenters) == 1:
        return {}
    compute = cloud.connect(settings).compute
    items = [
        item for noun in ("hosts", "datastores") for item in compute.get(f"/os-vmware-{noun}").json()[noun]
    ]
    return {item["name"]: item["id"] for item in items if item["id"].startswith(settings.vcenter_uuid)}


def _build(
    tenant: Any, network: Any, ids: Mapping[str, str], waiting: Callable[[str], None]
) -> dict[str, Any]:
    requested = {
        name: _request(tenant, network, name, *(ids.get(place, place) for place in wish))
        for name, wish in WISHES.items()
    }
    for name, server in requested.items():
        waiting(f"{name} to be built on {WISHES[name][0]}")
        _wait(tenant, server, "ACTIVE")
    return requested


def _wait(tenant: Any, server: Any, status: str) -> Any:
    try:
        return tenant.compute.wait_for_server(server, status=status, interval=1, wait=BUILD_SECONDS)
    except openstack.exceptions.SDKException as error:
        current = tenant.compute.get_server(server)
        reason = (current.fault or {}).get("message", error)
        raise DemoFailedError(f"{server.name} is {current.status}, not {status}: {reason}") from error


def _look(settings: Settings, tenant: Any, server: Any) -> Seen:
    host, datastores = govc.vm_host_and_datastores(settings, server.id)
    (port,) = tenant.network.ports(device_id=server.id)
    vlan = govc.port_group_vlan(settings, f"/{inventory.DATACENTER}/network/os-{port.network_id}")
    return Seen(host, datastores, port.id, port.fixed_ips[0]["ip_address"], vlan)


def _compare(name: str, seen: Seen) -> None:
    host, datastore = WISHES[name]
    if (host, [datastore]) != (seen.host, seen.datastores):
        places = ", ".join(seen.datastores)
        raise DemoFailedError(f"{name} was asked for on {host}, {datastore}; it is on {seen.host}, {places}")


def _show(console: Console, settings: Settings, servers: dict[str, Any], seen: dict[str, Seen]) -> None:
    (network,) = cloud.connect(settings).network.networks(name=NETWORK)
    table = Table(
        "", *servers, title="Built where asked; read back from vCenter by govc", title_justify="left"
    )
    rows: dict[str, Callable[[str], str]] = {
        "asked: ESXi host": lambda name: WISHES[name][0],
        "asked: datastore": lambda name: WISHES[name][1],
        "vCenter: ESXi host": lambda name: seen[name].host,
        "vCenter: datastore": lambda name: ", ".join(seen[name].datastores),
        "Neutron port": lambda name: seen[name].port[:13],
        "address": lambda name: seen[name].address,
        "network's VLAN": lambda _name: str(network.provider_segmentation_id),
        "port group's VLAN": lambda name: str(seen[name].vlan),
    }
    for title, value in rows.items():
        table.add_row(title, *(value(name) for name in servers))
    console.print(table)
    for name, one in seen.items():
        _compare(name, one)
        if one.vlan != network.provider_segmentation_id:
            raise DemoFailedError(
                f"{NETWORK} has VLAN {network.provider_segmentation_id}, its port group {one.vlan}"
            )


def _use(tenant: Any, server: Any, waiting: Callable[[str], None]) -> None:
    waiting("demo-a to stop")
    tenant.compute.stop_server(server)
    _wait(tenant, server, "SHUTOFF")
    waiting("demo-a to start")
    tenant.compute.start_server(server)
    _wait(tenant, server, "ACTIVE")
    waiting("demo-a to be resized")
    tenant.compute.resize_server(server, tenant.compute.find_flavor("medium").id)
    _wait(tenant, server, "VERIFY_RESIZE")
    tenant.compute.confirm_server_resize(server)
    _wait(tenant, server, "ACTIVE")


def _console_log(tenant: Any, server: Any) -> str:
    try:
        output = tenant.compute.get_server_console_output(server).get("output")
    except openstack.exceptions.SDKException as error:
        return f"not available: {error}"
    return output or "empty (vCenter keeps one only where a serial port concentrator is configured)"


def _remove_everything(tenant: Any, waiting: Callable[[str], None]) -> None:
    servers = [server for server in tenant.compute.servers() if server.name.startswith("demo-")]
    for server in servers:
        tenant.compute.delete_server(server)
    for server in servers:
        waiting(f"{server.name} to be deleted")
        tenant.compute.wait_for_delete(server, interval=1, wait=BUILD_SECONDS)
    for network in tenant.network.networks(name=NETWORK):
        tenant.network.delete_network(network)


def _wait_for_port_group_to_go(settings: Settings, network_id: str, waiting: Callable[[str], None]) -> None:
    """Neutron compares itself with vCenter now and then, and removes what has been unused for a while."""

    def probe() -> str | None:
        groups = govc.run(settings, "find", "/", "-type", "g").splitlines()
        left = [path for path in groups if network_id in path]
        return f"{left[0]} to be removed from vCenter" if left else None

    try:
        probes.wait(probe, PORT_GROUP_SECONDS, waiting)
    except probes.ProbeTimeoutError as error:
        raise DemoFailedError(str(error)) from error


def _check_clean(settings: Settings, tenant: Any, servers: list[Any]) -> None:
    ids = {server.id for server in servers}
    left = [path for one in ids for path in govc.vm_paths(settings, one)]
    left += [f"Neutron port {port.id}" for one in ids for port in tenant.network.ports(device_id=one)]
    for datastore in govc.run(settings, "find", "/", "-type", "s").splitlines():
        files = govc.run(settings, "datastore.ls", "-ds", datastore)
        left += [f"{datastore}: {file}" for file in files.splitlines() if file in ids]
    if left:
        raise DemoFailedError(f"left behind: {', '.join(left)}")
