"""The first process in the KVM host's namespaces: makes them ready, then stays until ``kvm-node`` ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

from polyvisor.sandbox.kvm import node
from polyvisor.sandbox.settings import Settings, load_seen_by

#: libvirtd does not start without a user that only a package with services of its own would make.
ACCOUNTS = {
    "passwd": "libvirt-qemu:x:0:0:libvirt:/nonexistent:/usr/sbin/nologin\n",
    "group": "libvirt-qemu:x:0:\n",
}
DATABASE = "/run/openvswitch/conf.db"
SETUP = (
    # Of these, each network namespace and each machine has its own.
    "mount -t sysfs sysfs /sys",
    "mount -t tmpfs tmpfs /run",
    "mkdir /run/openvswitch /run/netns /run/lock",
    "ip link set lo up",
    # The cable between the host's provider bridge and the physical switch.
    "ip link add uplink0 type veth peer name fabric0",
    "ip link set uplink0 up",
    "ip link set fabric0 up",
    # Ports are plugged anew at each start: what an earlier one plugged is gone.
    f"ovsdb-tool create {DATABASE} /usr/share/openvswitch/vswitch.ovsschema",
)
SETUP_SECONDS = 60


def main() -> None:
    """Set up, hand the listening sockets out, then wait for the other side to end."""
    root, openstack, descriptor = sys.argv[1:]
    settings = load_seen_by(Path(root), openstack)
    outside = socket.socket(fileno=int(descriptor))
    socket.sethostname(settings.openstack.kvm_host)
    for command in [*_binds(settings), *_accounts(settings), *(line.split() for line in SETUP)]:
        subprocess.run(command, check=True, timeout=SETUP_SECONDS)
    listeners = [socket.create_server(("127.0.0.1", port)) for port in node.ports(settings)]
    socket.send_fds(outside, [b"+"], [listener.fileno() for listener in listeners])
    for listener in listeners:
        listener.close()
    # Daemons that Neutron's agents start become children of this process, which is to leave no zombies.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    outside.recv(1)


def _libvirt_folders(settings: Settings) -> dict[str, Path]:
    """Where libvirt keeps things; in the namespaces these are folders of the sandbox."""
    return {
        "/etc/libvirt": settings.etc / "libvirt",
        "/var/lib/libvirt": settings.data / "kvm" / "libvirt",
        "/var/cache/libvirt": settings.data / "kvm" / "cache",
        "/var/log/libvirt": settings.logs / settings.openstack.named("libvirt"),
    }


def _binds(settings: Settings) -> list[list[str]]:
    commands = []
    for folder, source in _libvirt_folders(settings).items():
        source.mkdir(parents=True, exist_ok=True)
        Path(folder).mkdir(parents=True, exist_ok=True)
        commands.append(["mount", "--bind", str(source), folder])
    return commands


def _accounts(settings: Settings) -> list[list[str]]:
    commands = []
    for name, line in ACCOUNTS.items():
        ours, theirs = settings.data / "kvm" / name, Path("/etc") / name
        ours.write_text(theirs.read_text() + line)
        commands.append(["mount", "--bind", str(ours), str(theirs)])
    return commands


if __name__ == "__main__":
    main()
