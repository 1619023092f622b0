import dataclasses
from pathlib import Path

from polyvisor.sandbox import programs, settings
from polyvisor.sandbox.program import Program


def made() -> settings.Settings:
    ports = settings.ports_from(30000, {})
    one = settings.create(Path("/nowhere"), port_base=30000, ports=ports, vms=3, kvm=True)
    return dataclasses.replace(one, second=True, op=True)


def test_no_secret_is_in_a_command_line_or_in_the_environment_of_a_program() -> None:
    """`ps e` shows both to whoever may look."""
    sandbox = made()
    for program in programs.every(sandbox):
        shown = " ".join([program.command_line, program.environment_line])
        assert not any(secret in shown for secret in sandbox.secrets.values()), program.name


def test_programs_have_names_and_ports_of_their_own() -> None:
    every = programs.every(made())
    assert len({program.name for program in every}) == len(every)
    ports = [program.port for program in every if program.port]
    assert len(set(ports)) == len(ports)


def test_the_second_openstack_is_the_same_but_for_what_it_does_not_manage() -> None:
    names = {program.name for program in programs.every(made())}
    second = {name.removeprefix("second-") for name in names if name.startswith("second-")}
    assert {"keystone", "nova", "nova-scheduler", "kvm-node", "neutron-openvswitch-agent"} <= second & names
    assert second - names == {"nova-kvm2"}
    assert not {"cinder", "cinder-volume", "nova-compute1", "neutron-dhcp-agent"} & second


def test_without_them_there_is_neither_a_second_openstack_nor_the_platform() -> None:
    alone = dataclasses.replace(made(), second=False, op=False)
    names = {program.name for program in programs.every(alone)}
    assert not [name for name in names if name.startswith("second-") or name == "op"]


def test_supervisord_is_given_no_percent_sign_to_expand() -> None:
    program = Program("one", ("echo", "100%"), lambda: None, environment={"A": "5%"})
    assert program.command_line == "echo 100%%"
    assert program.environment_line == 'A="5%%"'
