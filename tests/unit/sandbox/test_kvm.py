from pathlib import Path

from polyvisor.sandbox import programs, settings
from polyvisor.sandbox.kvm import node


def made(*, kvm: bool) -> settings.Settings:
    ports = settings.ports_from(30000, {})
    return settings.create(Path("/nowhere"), port_base=30000, ports=ports, vms=0, kvm=kvm)


def test_the_kvm_host_reaches_what_a_compute_host_asks_and_no_more() -> None:
    sandbox = made(kvm=True)
    reached = {name for name, port in sandbox.ports.items() if port in node.ports(sandbox)}
    assert {"rabbitmq", "keystone", "placement", "glance", "neutron", "cinder", "nova-metadata"} <= reached
    assert not {"mariadb", "vcenter", "memcached", "epmd"} & reached


def test_without_a_kvm_host_there_are_no_agents_and_nobody_asks_for_metadata() -> None:
    names = {program.name for program in programs.every(made(kvm=True))}
    without = {program.name for program in programs.every(made(kvm=False))}
    assert {"kvm-node", "nova-kvm1", "neutron-dhcp-agent", "nova-metadata"} <= names - without


def test_the_kvm_host_is_there_before_what_runs_on_it() -> None:
    names = [program.name for program in programs.every(made(kvm=True))]
    order = ["kvm-node", "ovsdb-server", "ovs-vswitchd", "neutron-openvswitch-agent"]
    assert sorted(order, key=names.index) == order
