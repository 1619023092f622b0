"""A VM is taken over and given back, and what proves who may and that nothing else was changed."""

from collections.abc import Callable
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.vsphere import adoption, fingerprint, ticket
from polyvisor.vsphere.adoption import Machine, read_machine
from polyvisor.vsphere.adoption_rules import against_release, against_taking
from polyvisor.vsphere.faults import Busy, NotFound
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter
from tests.functional.vsphere.conftest import endpoint_of

SERVER = "0d5f2c3a-1111-4222-8333-444455556666"
PROJECT = "the-project"


@pytest.fixture
def session(vcenter: StartVCenter, open_session: Callable[[Endpoint], Session]) -> Session:
    return open_session(endpoint_of(vcenter("-vms", "3")))


@pytest.fixture
def machine(session: Session) -> Machine:
    """A VM that was a server's before, and bears traces of it."""
    vms = sorted(collect(session, vim.VirtualMachine, ["name"]))
    reconfigure(session, vms[0], extraConfig=[option("nvp.iface-id.7", "old"), option("note", "kept")])
    return read_machine(session, vms[0])


def option(key: str, value: str) -> Any:
    return vim.option.OptionValue(key=key, value=value)


def reconfigure(session: Session, vm: str, **spec: Any) -> None:
    managed = session.managed_object(vim.VirtualMachine, vm)
    wait_for_task(session, session.call(managed.ReconfigVM_Task, vim.vm.ConfigSpec(**spec)), timeout=10)


def take(session: Session, machine: Machine, **marks: str) -> None:
    wait_for_task(session, adoption.start_taking(session, machine, SERVER, marks), timeout=10)


def issue(session: Session, machine: Machine, **changes: Any) -> str:
    wanted = {"instance_uuid": machine.instance_uuid, "project": PROJECT} | changes
    return ticket.issue(session, machine.moref, **wanted)


def admits(session: Session, machine: Machine, secret: str, **changes: str) -> bool:
    wanted = {
        "vcenter": str(session.content.about.instanceUuid),
        "vm": machine.moref,
        "instance_uuid": machine.instance_uuid,
        "project": PROJECT,
    } | changes
    stub = read_machine(session, machine.moref).ticket
    return stub is not None and stub.admits(ticket.digest_of(secret, **wanted))


def look(session: Session, machine: Machine) -> fingerprint.Fingerprint:
    return fingerprint.read(session, [machine.moref])[machine.moref]


def test_a_ticket_is_for_one_vm_and_project_and_expires(session: Session, machine: Machine) -> None:
    with pytest.raises(NotFound, match="instance UUID"):
        issue(session, machine, instance_uuid=SERVER)
    secret = issue(session, machine)
    assert admits(session, machine, secret)
    for key in ("vcenter", "vm", "instance_uuid", "project"):
        assert not admits(session, machine, secret, **{key: "another"})
    assert not admits(session, machine, "guessed")
    assert secret not in str(read_machine(session, machine.moref).options)

    second = issue(session, machine)
    assert not admits(session, machine, secret)
    ticket.withdraw(session, machine.moref)
    ticket.withdraw(session, machine.moref)
    assert not admits(session, machine, second)
    short = issue(session, machine, seconds=0.001)
    assert not admits(session, machine, short)


def test_taken_and_given_back(session: Session, machine: Machine) -> None:
    before = look(session, machine)
    issue(session, machine)
    ready = read_machine(session, machine.moref)
    take(session, ready, **{"nvp.iface-id.0": "port", "RemoteDisplay.vnc.port": "5900"})

    taken = read_machine(session, machine.moref)
    assert (taken.instance_uuid, taken.ticket) == (SERVER, None)
    assert taken.record is not None
    assert list(against_taking(taken, SERVER))
    assert fingerprint.difference(before, look(session, machine), console=True) == []
    assert fingerprint.difference(before, look(session, machine), exact=True) != []
    assert list(against_release(taken, taken.record, size=(taken.cpus, taken.memory_mb), ports=[])) == []
    [reason] = against_release(taken, taken.record, size=(1, 1), ports=[])
    assert "Resize it back" in reason.reason

    wait_for_task(session, adoption.start_giving_back(session, taken, taken.record), timeout=10)
    assert fingerprint.difference(before, look(session, machine), exact=True) == []
    assert list(against_taking(read_machine(session, machine.moref), machine.instance_uuid)) == []


def test_of_two_that_take_it_one_wins(session: Session, machine: Machine) -> None:
    first = read_machine(session, machine.moref)
    take(session, first)
    with pytest.raises(Busy):
        take(session, first)


def test_a_fingerprint_shows_what_somebody_sets_and_not_what_happens(
    session: Session, machine: Machine
) -> None:
    before = look(session, machine)
    managed: Any = session.managed_object(vim.VirtualMachine, machine.moref)
    wait_for_task(session, session.call(managed.PowerOffVM_Task), timeout=10)
    wait_for_task(session, session.call(managed.PowerOnVM_Task), timeout=10)
    reconfigure(session, machine.moref, extraConfig=[option("guestinfo.ip", "192.0.2.1")])
    assert fingerprint.difference(before, look(session, machine), exact=True) == []
    assert before.digest == look(session, machine).digest

    reconfigure(session, machine.moref, annotation="changed", memoryMB=machine.memory_mb + 4)
    found = fingerprint.difference(before, look(session, machine))
    assert [line.partition(":")[0] for line in found] == ["config.annotation", "config.hardware.memoryMB"]
    assert fingerprint.read(session, []) == {}
