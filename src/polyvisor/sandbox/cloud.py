"""Connections to an OpenStack of the sandbox, and what makes it ready for use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openstack

from polyvisor.sandbox import configuration, image, inventory, probes
from polyvisor.sandbox.kvm import guest
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
KVM_IMAGE = "tiny-qcow2"
#: Where there are two OpenStacks: of this name each has one, for the hypervisor that is its own.
COMMON_IMAGE = "tiny"
#: The disk is empty: Nova boots the kernel and the ramdisk that the image names.
KVM_IMAGE_PROPERTIES = {"img_hv_type": "qemu", "os_command_line": guest.COMMAND_LINE}
REQUEST_SECONDS = 60.0
#: Services report every 10 s, and are taken for down when they have not for 60 s.
LATELY = timedelta(seconds=30)


def connect(settings: Settings, name: str = "admin") -> Any:
    """An openstacksdk connection as ``admin``, ``demo`` or ``system`` of the OpenStack."""
    loader = openstack.config.OpenStackConfig(
        config_files=[str(configuration.clouds_file(settings))], load_envvars=False
    )
    region = loader.get_one(cloud=settings.openstack.named(name))
    return openstack.connection.Connection(config=region, api_timeout=REQUEST_SECONDS)


def computes(settings: Settings) -> set[str]:
    """Names of Nova's compute services."""
    on_kvm = {settings.openstack.kvm_host} if settings.kvm else set()
    return {cluster.compute for cluster in settings.clusters} | on_kvm


def services_are_up(settings: Settings, cloud: Any) -> probes.Probe:
    """Nova's and Cinder's services, and Neutron's agents if there are any, report themselves up."""
    wanted = {"nova-conductor", "nova-scheduler"} | computes(settings)
    has_volumes = bool(settings.vcenters)
    if has_volumes:
        wanted |= {"cinder-scheduler", *(vcenter.volume_service for vcenter in settings.vcenters)}
    wanted |= set(settings.agents)

    def probe() -> str | None:
        try:
            services = [*cloud.compute.services()]
            services += cloud.block_storage.services() if has_volumes else []
            up = {agent.binary for agent in cloud.network.agents() if agent.is_alive}
        except openstack.exceptions.SDKException as error:
            return f"nova, cinder and neutron to answer ({error})"
        up |= {
            service.host if service.binary in {"nova-compute", "cinder-volume"} else service.binary
            for service in services
            if service.state == "up" and _has_reported(service)
        }
        return f"{', '.join(sorted(wanted - up))} to report for duty" if wanted - up else None

    return probe


def _has_reported(service: Any) -> bool:
    """Whether it did so lately. One that was killed seems alive at first, then down though it is back."""
    if not service.updated_at:
        return False
    reported = datetime.fromisoformat(service.updated_at).replace(tzinfo=UTC)
    return datetime.now(UTC) - reported < LATELY


def hypervisors_are_found(settings: Settings, cloud: Any) -> probes.Probe:
    """Nova knows each cluster, and the KVM host, as a place for servers."""

    def probe() -> str | None:
        # Without details: those would ask each driver for an uptime that a cluster does not have.
        missing = len(computes(settings)) - len(list(cloud.compute.hypervisors()))
        return f"{missing} of the hypervisors to be found by the scheduler" if missing > 0 else None

    return probe


def seed(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    """Make the flavors, the VLAN network, the volume type and the images that are missing."""
    doing("flavors")
    present = {flavor.name for flavor in cloud.compute.flavors()}
    for name, (vcpus, ram, disk, swap) in FLAVORS.items():
        if name not in present:
            cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk, swap=swap)
    doing(f"network {NETWORK}")
    _seed_network(cloud)
    if settings.vcenters:
        _seed_vcenter(settings, cloud, doing)


def _seed_vcenter(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    seed_volume_types(settings, cloud, doing)
    doing(f"image {IMAGE}")
    _upload_vmdk(settings, cloud, IMAGE)


def seed_volume_types(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    """Make the volume type of each vCenter that has none: a volume is on the datastores of one."""
    for vcenter in settings.vcenters:
        doing(f"volume type {vcenter.volume_type}")
        if cloud.block_storage.find_type(vcenter.volume_type) is None:
            specs = {"volume_backend_name": vcenter.name}
            cloud.block_storage.create_type(name=vcenter.volume_type, extra_specs=specs)


def _seed_network(cloud: Any) -> None:
    network = cloud.network.find_network(NETWORK) or cloud.network.create_network(
        name=NETWORK, shared=True, provider_network_type="vlan", provider_physical_network="physnet1"
    )
    if not network.subnet_ids:
        cloud.network.create_subnet(
            network_id=network.id, name=f"{NETWORK}-v4", ip_version=4, cidr="192.0.2.0/24", enable_dhcp=False
        )


def seed_kvm(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    """Have Neutron's agents serve the VLAN network, and make the image that runs on the KVM host."""
    if inventory.DHCP_AGENT in settings.agents:
        doing(f"DHCP on {NETWORK}")
        for subnet in cloud.network.subnets(name=f"{NETWORK}-v4", is_dhcp_enabled=False):
            cloud.network.update_subnet(subnet, is_dhcp_enabled=True)
    doing(f"image {KVM_IMAGE}")
    parts = {"kernel_id": ("aki", guest.kernel(settings)), "ramdisk_id": ("ari", guest.ramdisk(settings))}
    properties = dict(KVM_IMAGE_PROPERTIES)
    for name, (kind, file) in parts.items():
        properties[name] = _upload(cloud, f"{KVM_IMAGE}-{file.name}", file, kind, container_format=kind).id
    qcow2 = settings.data / f"{KVM_IMAGE}.qcow2"
    image.write_qcow2(qcow2)
    _upload(cloud, KVM_IMAGE, qcow2, "qcow2", min_disk=1, properties=properties)
    if not settings.vcenters:
        _upload(cloud, COMMON_IMAGE, qcow2, "qcow2", min_disk=1, properties=properties)


def seed_common(settings: Settings, cloud: Any, doing: Callable[[str], None]) -> None:
    """Make the image of the name that both OpenStacks know; an OpenStack without a vCenter has it by then."""
    if settings.vcenters:
        doing(f"image {COMMON_IMAGE}")
        _upload_vmdk(settings, cloud, COMMON_IMAGE)


def _upload_vmdk(settings: Settings, cloud: Any, name: str) -> None:
    vmdk = settings.data / f"{IMAGE}.vmdk"
    image.write_vmdk(vmdk)
    _upload(cloud, name, vmdk, "vmdk", min_disk=1, properties=IMAGE_PROPERTIES)


def _upload(cloud: Any, name: str, file: Path, disk_format: str, **rest: Any) -> Any:
    """The public image of that name."""
    found = cloud.image.find_image(name)
    if found and found.status == "active":
        return found
    if found:  # an upload that was cut off
        cloud.image.delete_image(found)
    arguments = {"container_format": "bare", "visibility": "public"} | rest
    return cloud.image.create_image(name, filename=str(file), disk_format=disk_format, **arguments)
