"""The programs of the KVM host: its namespaces, what a hypervisor is made of, and OpenStack's part of it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from polyvisor.sandbox import inventory, probes
from polyvisor.sandbox.kvm import bindings, namespace
from polyvisor.sandbox.program import Program
from polyvisor.sandbox.settings import Settings

DATABASE_SOCKET = "/run/openvswitch/db.sock"
#: Made before the switch daemon starts. The provider bridge is Neutron's way to ``physnet1``; ``fabric``
#: stands for the physical switch between this host and the ESXi hosts. Both need no kernel module.
BRIDGES = (
    f"ovs-vsctl --no-wait --db=unix:{DATABASE_SOCKET} --timeout=20"
    " -- --may-exist add-br br-physnet1 -- set bridge br-physnet1 datapath_type=netdev"
    " -- --may-exist add-port br-physnet1 uplink0"
    " -- --may-exist add-br fabric -- set bridge fabric datapath_type=netdev"
    " -- --may-exist add-port fabric fabric0"
)
#: Agent -> its module, and the RPC topic it serves when it is ready, if there is one by which to tell.
AGENTS = {
    inventory.SWITCH_AGENT: ("neutron.cmd.agents.ovs_neutron_agent", None),
    inventory.DHCP_AGENT: ("neutron.cmd.agents.dhcp", "dhcp_agent"),
    inventory.L3_AGENT: ("neutron.cmd.agents.l3", "l3_agent"),
    inventory.METADATA_AGENT: ("neutron.cmd.agents.metadata", None),
}


def layers(settings: Settings) -> list[list[Program]]:
    """What the host is made of, the lowest first; nothing in a sandbox without one."""
    if not settings.kvm:
        return []
    openstack = settings.openstack
    node = (sys.executable, "-m", "polyvisor.sandbox.kvm.node", str(settings.root), openstack.name)
    start_switch = f"{BRIDGES} && exec ovs-vswitchd unix:{DATABASE_SOCKET} --pidfile"
    return [
        [Program(openstack.named("kvm-node"), node, namespace.is_there(settings))],
        [
            _inside(
                settings,
                "ovsdb-server",
                ("ovsdb-server", "/run/openvswitch/conf.db", f"--remote=punix:{DATABASE_SOCKET}"),
                namespace.accepts(settings, DATABASE_SOCKET),
            ),
            _inside(
                settings,
                "libvirtd",
                ("libvirtd",),
                namespace.accepts(settings, "/run/libvirt/libvirt-sock"),
            ),
        ],
        [
            _inside(
                settings,
                "ovs-vswitchd",
                ("sh", "-c", start_switch),
                namespace.accepts(settings, "/run/openvswitch/br-physnet1.mgmt"),
            )
        ],
    ]


def services(settings: Settings) -> list[Program]:
    """Neutron's agents and nova-compute; nothing in a sandbox without a KVM host."""
    if not settings.kvm:
        return []
    config = f"{settings.etc}/neutron-{settings.openstack.kvm_host}/agents.conf"
    compute = f"{settings.etc}/nova-{settings.openstack.kvm_host}/nova.conf"
    nova = _inside(
        settings,
        f"nova-{settings.openstack.kvm_host}",
        (str(Path(sys.prefix) / "bin" / "nova-compute"), "--config-file", compute),
        _serves(settings, "compute"),
    )
    return [
        *(_agent(settings, name, *AGENTS[name], config) for name in settings.agents),
        dataclasses.replace(nova, environment={"PYTHONPATH": str(bindings.folder(settings))}),
    ]


def _agent(settings: Settings, name: str, module: str, topic: str | None, config: str) -> Program:
    command = (sys.executable, "-m", "polyvisor.sandbox.kvm.agent", module, "--config-file", config)
    return _inside(settings, name, command, _serves(settings, topic) if topic else probes.always)


def _serves(settings: Settings, topic: str) -> probes.Probe:
    return probes.consumes(settings, f"{topic}.{settings.openstack.kvm_host}")


def _inside(settings: Settings, name: str, command: tuple[str, ...], ready: probes.Probe) -> Program:
    return Program(settings.openstack.named(name), namespace.entering(settings, *command), ready)
