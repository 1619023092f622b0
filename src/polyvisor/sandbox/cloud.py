"""Connections to the sandbox's OpenStack, and what makes it ready for use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openstack

from polyvisor.sandbox import configuration, image, inventory, probes
from polyvisor.sandbox.settings import Settings

#: Name -> (vCPUs, RAM in MiB, root disk in GiB, swap in MiB).
FLAVORS = {"tiny": (1, 128, 1, 0), "small": (1, 512, 2, 64), "medium": (2, 1024, 4, 0)}
IMAGE = "tiny-vmdk"
NETWORK = "vlan-net"
#: What Nova's VMware driver must know of an image; see its ``nova.virt.vmwareapi.images``.
IMAGE_PROPERTIES = {
    "vmware_disktype": "streamOptimized",
    "vmware_adaptertype": "lsiLogic",
    "vmware_ostype": "otherGuest64",
    "hypervisor_type": "vmware",
}
REQUEST_SECONDS = 60.0


def connect(settings: Settings, name: str = "admin") -> Any:
    """An openstacksdk connection as a user of the sandbox's clouds.yaml."""
    loader = openstack.config.OpenStackConfig(
        config_files=[str(configuration.clouds_file(settings))], load_envvars=False
    )
    region = loader.get_one(cloud=name)
    return openstack.connection.Connection(config=region, api_timeout=REQUEST_SECONDS)


def computes_are_up(cloud: Any) -> probes.Probe:
    """Every nova service reports itself up, each cluster's compute among them with its node."""
    wanted = {"nova-conductor", "nova-scheduler", *(cluster.compute for cluster in inventory.CLUSTERS)}

    def probe() -> str | None:
        try:
            services = list(cloud.compute.services())
            nodes = {node.service_details["host"] for node in cloud.compute.hypervisors(details=True)}
        except openstack.exceptions.SDKException as error:
            return f"nova to answer ({error})"
        up = {
            service.host if service.binary == "nova-compute" else service.binary
            for service in services
            if service.state == "up"
        }
        absent = wanted - up
        nodeless = {cluster.compute for cluster in inventory.CLUSTERS} - nodes
        if absent or nodeless:
            return f"{', '.join(sorted(absent | nodeless))} to report for duty"
        return None

    return probe


def seed(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    """Make the flavors, the VLAN network and the image that are missing."""
    doing("flavors")
    present = {flavor.name for flavor in cloud.compute.flavors()}
    for name, (vcpus, ram, disk, swap) in FLAVORS.items():
        if name not in present:
            cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk, swap=swap)
    doing(f"network {NETWORK}")
    _seed_network(cloud)
    doing(f"image {IMAGE}")
    _seed_image(settings, cloud)


def _seed_network(cloud: Any) -> None:
    network = cloud.network.find_network(NETWORK) or cloud.network.create_network(
        name=NETWORK, shared=True, provider_network_type="vlan", provider_physical_network="physnet1"
    )
    if not network.subnet_ids:
        cloud.network.create_subnet(
            network_id=network.id, name=f"{NETWORK}-v4", ip_version=4, cidr="192.0.2.0/24", enable_dhcp=False
        )


def _seed_image(settings: Settings, cloud: Any) -> None:
    found = cloud.image.find_image(IMAGE)
    if found and found.status == "active":
        return
    if found:  # an upload that was cut off
        cloud.image.delete_image(found)
    vmdk = Path(settings.data / f"{IMAGE}.vmdk")
    image.write_vmdk(vmdk)
    created = cloud.image.create_image(
        name=IMAGE,
        disk_format="vmdk",
        container_format="bare",
        visibility="public",
        min_disk=1,
        properties=IMAGE_PROPERTIES,
    )
    created.data = vmdk.read_bytes()
    cloud.image.upload_image(
        id=created.id, data=vmdk.read_bytes(), disk_format="vmdk", container_format="bare", name=IMAGE
    )
