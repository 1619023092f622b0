"""The flavor of a VM's shape: one that is there, or a private one."""

from collections.abc import Iterable, Sequence

from polyvisor.adoption.cloud import Cloud, CloudFlavor
from polyvisor.adoption.plan import Flavor, Server
from polyvisor.vsphere.disk import Disk
from polyvisor.vsphere.virtual_machine import VirtualMachine

Shape = tuple[int, int, int]
_GIB = 1024**3


def gibibytes(size: int) -> int:
    """Bytes in GiB, rounded up as Nova and Cinder count."""
    return -(-size // _GIB)


def root_disk(vm: VirtualMachine) -> Disk | None:
    """The disk that the server boots from: the first by controller, bus and unit."""
    return vm.disks[0] if vm.disks else None


def shape(vm: VirtualMachine) -> Shape:
    """VCPUs, MiB of memory, GiB of root disk."""
    root = root_disk(vm)
    return max(vm.vcpus, 1), max(vm.memory_mb, 1), gibibytes(root.capacity_bytes) if root else 0


class FlavorBook:
    """Flavors by their shape. A private one that is there is never taken: who has access to it is not looked
    up."""

    def __init__(self, cloud: Cloud) -> None:
        public = [item for item in cloud.flavors if item.public and item.plain and item.name.isprintable()]
        self._named = {item.name: item for item in cloud.flavors}
        self._shaped = {
            (item.vcpus, item.ram_mb, item.disk_gb): item
            for item in sorted(public, key=lambda item: item.name, reverse=True)
        }
        self._ours: dict[str, Shape] = {}

    def choose(self, wanted: Shape) -> str:
        """Name of the flavor for a shape."""
        if found := self._shaped.get(wanted):
            return found.name
        vcpus, ram, disk = wanted
        name = f"adopted-{vcpus}vcpu-{ram}mb-{disk}gb"
        self._ours[name] = wanted
        return name

    def planned(self, servers: Iterable[Server]) -> Sequence[Flavor]:
        """The flavors that these servers refer to; a name that means nothing is left out."""
        projects: dict[str, set[str]] = {}
        for server in servers:
            if server.flavor:
                projects.setdefault(server.flavor, set()).update([server.project] if server.project else ())
        found = (self._planned(name, sorted(users)) for name, users in sorted(projects.items()))
        return [flavor for flavor in found if flavor]

    def _planned(self, name: str, users: Sequence[str]) -> Flavor | None:
        if there := self._named.get(name):
            return _present(there)
        if name not in self._ours:
            return None
        vcpus, ram, disk = self._ours[name]
        return Flavor(flavor=name, vcpus=vcpus, ram_mb=ram, disk_gb=disk, projects=tuple(users))


def _present(flavor: CloudFlavor) -> Flavor:
    return Flavor(
        flavor=flavor.name, id=flavor.id, vcpus=flavor.vcpus, ram_mb=flavor.ram_mb, disk_gb=flavor.disk_gb
    )
