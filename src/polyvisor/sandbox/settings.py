"""What a sandbox is made of: one folder, a port for each service, generated secrets."""

from __future__ import annotations

import dataclasses
import json
import secrets
import uuid
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from polyvisor.sandbox import inventory
from polyvisor.sandbox.inventory import Cluster, OpenStack, VCenter

#: What all OpenStacks of a sandbox share.
SHARED_PORTS = ("mariadb", "epmd", "rabbitmq", "rabbitmq-distribution", "vcenter", "vcenter2")
#: Each service's offset from the port base. One line is one listening port.
PORT_OFFSETS = {
    "mariadb": 0,
    "epmd": 1,
    "rabbitmq": 2,
    "rabbitmq-distribution": 3,
    "memcached": 4,
    "vcenter": 5,
    "vcenter2": 6,
    "keystone": 10,
    "placement": 11,
    "glance": 12,
    "neutron": 13,
    "nova": 14,
    "cinder": 15,
    "nova-metadata": 16,
    "nova-novncproxy": 17,
    "op": 20,
    "second-memcached": 24,
    "second-keystone": 30,
    "second-placement": 31,
    "second-glance": 32,
    "second-neutron": 33,
    "second-nova": 34,
    "second-nova-metadata": 36,
    "second-nova-novncproxy": 37,
    # Of the first of SCREENS ports.
    "vnc": 50,
    "second-vnc": 90,
}
#: The screens of so many guests of a KVM host can be seen: each has a port.
SCREENS = 32
DEFAULT_PORT_BASE = 21000
SECRET_NAMES = (
    "admin",
    "demo",
    "service",
    "database",
    "rabbitmq",
    "vcenter",
    "vcenter2",
    "keystone_bootstrap",
    "metadata",
    "second-admin",
    "second-demo",
    "second-service",
    "second-database",
    "second-metadata",
)


class SettingsError(Exception):
    """A sandbox was asked for with settings that cannot be: the message says which and what to give."""


def default_root() -> Path:
    """The folder of the user's own sandbox, where none is named."""
    return platformdirs.user_data_path("polyvisor") / "sandbox"


@dataclasses.dataclass(frozen=True)
class Settings:
    """One sandbox: where it lives, what it listens on, how many brownfield VMs and what else it has.

    It describes ``openstack``, which is the first; ``openstacks`` has the same for each. ``ports`` maps each
    name of PORT_OFFSETS to a TCP port on loopback. ``secrets`` maps each name of SECRET_NAMES to a password;
    it is stored in a file of its own with mode 0600.
    """

    root: Path
    port_base: int
    ports: dict[str, int]
    vms: int
    kvm: bool
    vcenter_uuid: str
    secrets: dict[str, str] = dataclasses.field(repr=False)
    second: bool = False
    second_vcenter: bool = False
    op: bool = False
    openstack: OpenStack = inventory.FIRST

    @property
    def openstacks(self) -> list[Settings]:
        """The sandbox as each of its OpenStacks sees it: with ports, passwords and folders of its own."""
        return [self, *([self._seen_by(inventory.SECOND)] if self.second else [])]

    def _seen_by(self, other: OpenStack) -> Settings:
        shared = {name: self.ports[name] for name in SHARED_PORTS}
        return dataclasses.replace(
            self,
            openstack=other,
            kvm=True,
            ports=shared | _own(other, self.ports),
            secrets=self.secrets | _own(other, self.secrets),
        )

    @property
    def _home(self) -> Path:
        return self.root / self.openstack.label

    @property
    def logs(self) -> Path:
        """One log file a program."""
        return self.root / "logs"

    @property
    def etc(self) -> Path:
        """Rendered configuration; has passwords, so mode 0700."""
        return self._home / "etc"

    @property
    def data(self) -> Path:
        """What the services store."""
        return self._home / "data"

    @property
    def binaries(self) -> Path:
        """What is compiled for this sandbox."""
        return self.root / "bin"

    @property
    def vcenters(self) -> tuple[VCenter, ...]:
        """Those over which the OpenStack is."""
        wanted = inventory.VCENTERS if self.second_vcenter else (inventory.FIRST_VCENTER,)
        return tuple(one for one in self.openstack.vcenters if one in wanted)

    @property
    def clusters(self) -> tuple[Cluster, ...]:
        """All that are managed, of all vCenters."""
        return tuple(cluster for one in self.vcenters for cluster in one.clusters)

    def instance_uuid(self, vcenter: VCenter) -> str:
        """By which a vCenter is told from all others."""
        first = vcenter == inventory.FIRST_VCENTER
        return self.vcenter_uuid if first else str(uuid.uuid5(uuid.UUID(self.vcenter_uuid), vcenter.name))

    def password_file(self, vcenter: VCenter) -> Path:
        """The password of the vCenter's administrator."""
        return self.root / "etc" / vcenter.name / "password"

    def tls(self, vcenter: VCenter) -> Path:
        """The folder with the vCenter's certificate and key, and ``ca.pem``, which signed it."""
        return self.root / "etc" / ("tls" if vcenter == inventory.FIRST_VCENTER else f"tls-{vcenter.name}")

    @property
    def ca_file(self) -> Path:
        """The certificate authority that signed the first vCenter's certificate."""
        return self.tls(inventory.FIRST_VCENTER) / "ca.pem"

    @property
    def agents(self) -> tuple[str, ...]:
        """Neutron's agents, which only a KVM host has."""
        return self.openstack.agents if self.kvm else ()

    @property
    def virtual_host(self) -> str:
        """What keeps the OpenStack's messages apart from the other's in one RabbitMQ."""
        return self.openstack.label or "/"

    @property
    def op_data(self) -> Path:
        """Database, key and first password of the operations platform."""
        return self.root / "data" / "op"

    @property
    def screens(self) -> range:
        """TCP ports on loopback for the screens of the KVM host's guests."""
        return range(self.ports["vnc"], self.ports["vnc"] + SCREENS)

    @property
    def kvm_parts(self) -> Path:
        """What KVM hosts are made of, the same for each: guest, libvirt's bindings."""
        return self.root / "data" / "kvm"

    def url(self, service: str) -> str:
        """The HTTP endpoint of an OpenStack service."""
        return f"http://127.0.0.1:{self.ports[service]}"

    @property
    def auth_url(self) -> str:
        """Keystone's public endpoint."""
        return f"{self.url('keystone')}/v3"


V = TypeVar("V")


def _own(openstack: OpenStack, named: dict[str, V]) -> dict[str, V]:
    """What is an OpenStack's own, by the names it has there."""
    prefix = openstack.named("")
    return {name.removeprefix(prefix): one for name, one in named.items() if name.startswith(prefix)}


def ports_from(base: int, overrides: dict[str, int]) -> dict[str, int]:
    """Every port: ``base`` plus the service's offset, unless overridden by name.

    Raises SettingsError for an unknown name, a number that is no port, or one port given to two services.
    """
    unknown = sorted(set(overrides) - set(PORT_OFFSETS))
    if unknown:
        raise SettingsError(
            f"no service is called {unknown[0]!r}; ports can be set for: {', '.join(PORT_OFFSETS)}"
        )
    ports = {name: base + offset for name, offset in PORT_OFFSETS.items()} | overrides
    owners: dict[int, str] = {}
    for name, port in ports.items():
        if not 1024 <= port <= 65535:
            raise SettingsError(
                f"port {port} for {name} is outside 1024-65535; choose another --port or --port-base"
            )
        if port in owners:
            raise SettingsError(f"port {port} is given to both {owners[port]} and {name}; they need one each")
        owners[port] = name
    return ports


def load(root: Path) -> Settings | None:
    """The sandbox that was made in ``root``, or None."""
    settings_file = root / "sandbox.json"
    if not settings_file.exists():
        return None
    stored: dict[str, Any] = json.loads(settings_file.read_text())
    passwords = json.loads((root / "secrets.json").read_text())
    return Settings(
        root=root,
        port_base=stored["port_base"],
        ports=ports_from(stored["port_base"], stored["ports"]),
        vms=stored["vms"],
        kvm=stored.get("kvm", False),
        second=stored.get("second", False),
        second_vcenter=stored.get("second_vcenter", False),
        op=stored.get("op", False),
        vcenter_uuid=stored["vcenter_uuid"],
        # An earlier version made fewer.
        secrets=_new_secrets() | passwords,
    )


def load_seen_by(root: Path, name: str) -> Settings:
    """The sandbox in ``root`` as its OpenStack of that name sees it. Raises SettingsError."""
    made = load(root)
    for seen in made.openstacks if made else ():
        if seen.openstack.name == name:
            return seen
    raise SettingsError(f"no sandbox in {root} that has an OpenStack {name!r}")


def create(root: Path, *, port_base: int, ports: dict[str, int], vms: int, kvm: bool = False) -> Settings:
    """Settings with fresh secrets. Nothing is written: see ``save``."""
    return Settings(
        root=root,
        port_base=port_base,
        ports=ports,
        vms=vms,
        kvm=kvm,
        vcenter_uuid=str(uuid.uuid4()),
        secrets=_new_secrets(),
    )


def _new_secrets() -> dict[str, str]:
    return {name: secrets.token_urlsafe(18) for name in SECRET_NAMES}


def save(settings: Settings) -> None:
    """Keep the settings in the sandbox's folder, secrets apart and for the owner only."""
    settings.root.mkdir(parents=True, exist_ok=True)
    settings.root.chmod(0o700)
    write_private(settings.root / "secrets.json", json.dumps(settings.secrets, indent=2))
    kept = ("port_base", "ports", "vms", "kvm", "second", "second_vcenter", "op", "vcenter_uuid")
    stored = {name: getattr(settings, name) for name in kept}
    (settings.root / "sandbox.json").write_text(json.dumps(stored, indent=2))


def write_private(path: Path, text: str) -> bool:
    """Write a file that only its owner can read; True if that changed it.

    The file appears whole or not at all: it is renamed into place.
    """
    if path.exists() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)
    return True
