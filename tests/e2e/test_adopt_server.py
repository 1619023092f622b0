"""A VM that was there before OpenStack becomes a server, is used as one, and is let go of as it was found."""

import os
import signal
from typing import Any

import pytest
from openstack import exceptions

from polyvisor.sandbox import inventory
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.adoption import read_machine
from tests.e2e.adopter import Adopter
from tests.e2e.conftest import Lab
from tests.e2e.test_volume import HOST, give_admin_a_role_in
from tests.e2e.volumes import Volumes

SECONDS = 180


def test_adopted_used_and_released_as_found(lab: Lab, adopter: Adopter, servers: list[Any]) -> None:
    machine = adopter.vm()
    before = adopter.look(machine)
    server = adopter.adopt(machine)

    assert fingerprint.difference(before, adopter.look(machine)) == []
    assert adopter.power(machine) == "poweredOn"
    assert server.addresses
    with pytest.raises(exceptions.ConflictException, match="vmware:delete=allowed"):
        lab.tenant.compute.delete_server(server)

    # As any server.
    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF")
    assert adopter.power(machine) == "poweredOff"
    lab.tenant.compute.start_server(server)
    lab.wait(server, "ACTIVE")
    lab.tenant.compute.reboot_server(server, "HARD")
    lab.wait(server, "ACTIVE")
    for words in (("snapshot", "create", "--wait", server.id, "one"), ("clone", "--wait", server.id, "copy")):
        done = lab.openstack("server", "vmware", *words)
        assert done.returncode == 0, done.stderr
    servers.append(lab.tenant.compute.find_server("copy"))
    (snapshot,) = lab.openstack_json("server", "vmware", "snapshot", "list", server.id)
    done = lab.openstack("server", "vmware", "snapshot", "delete", "--wait", server.id, snapshot["ID"])
    assert done.returncode == 0, done.stderr
    assert lab.openstack_json("console", "url", "show", "--mks", server.id, as_cloud="admin")["url"]

    refused = lab.openstack("server", "vmware", "release", server.id)
    assert "os-server-release" in refused.stderr
    adopter.release(server)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []
    assert adopter.power(machine) == "poweredOn"


def test_a_data_disk_is_a_volume_while_adopted(lab: Lab, adopter: Adopter, volumes: Volumes) -> None:
    machine, remote = adopter.add_disk(adopter.vm())
    before = adopter.look(machine)
    give_admin_a_role_in(lab, "demo")
    volume = volumes.create("--host", HOST, "--non-bootable", *remote, project="demo")

    server = lab.wait(adopter.begin(machine, volumes=[volume]), "ACTIVE")
    volumes.wait(volume, "in-use")
    assert fingerprint.difference(before, adopter.look(machine)) == []
    adopter.release(server)
    volumes.wait(volume, "available")
    lab.admin.block_storage.unmanage_volume(volume)
    find = lab.tenant.block_storage.find_volume
    lab.until(lambda: find(volume) is None, "the volume to be let go of", SECONDS)
    volumes.made.remove(volume)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []


def test_moved_while_adopted_and_released_where_it_is(lab: Lab, adopter: Adopter) -> None:
    machine = adopter.vm()
    server = adopter.adopt(machine)
    here = adopter.compute_of(machine)
    other = next(each.compute for each in inventory.CLUSTERS if each.compute != here)
    lab.admin.compute.live_migrate_server(server.id, host=other, block_migration="auto")
    lab.until(lambda: lab.admin.compute.get_server(server.id).compute_host == other, "the move", SECONDS)
    lab.wait(server, "ACTIVE")
    assert read_machine(adopter.session, machine.moref).cluster != machine.cluster
    adopter.release(server)
    now = read_machine(adopter.session, machine.moref)
    assert (now.power_state, now.instance_uuid, now.record) == ("poweredOn", machine.instance_uuid, None)


def test_killed_in_the_middle_ends_adopted(lab: Lab, adopter: Adopter, faults: Any) -> None:
    """nova-compute is killed while vCenter reconfigures the VM; the next one completes the server."""
    machine = adopter.vm()
    before = adopter.look(machine)
    compute = f"nova-{adopter.compute_of(machine)}"
    proof = adopter.ticket(machine)
    faults([{"method": "ReconfigVM_Task", "object": machine.moref, "delay": "8s"}])
    server = adopter.begin(machine, ticket=proof)
    lab.until(lambda: lab.faults_hit() > 0, "the call", SECONDS)
    os.kill(lab.supervisor.states()[compute]["pid"], signal.SIGKILL)
    faults([])
    lab.until(lambda: lab.admin.compute.get_server(server.id).status == "ACTIVE", "the server", SECONDS)
    assert fingerprint.difference(before, adopter.look(machine)) == []

    faults([{"method": "ReconfigVM_Task", "object": machine.moref, "delay": "8s"}])
    answer = adopter.compute.post(f"/servers/{server.id}/action", json={"os-server-release": {}})
    exceptions.raise_from_response(answer)
    lab.until(lambda: lab.faults_hit() > 0, "the call", SECONDS)
    os.kill(lab.supervisor.states()[compute]["pid"], signal.SIGKILL)
    faults([])
    lab.until(lambda: lab.tenant.compute.find_server(server.id) is None, "the release", SECONDS)
    assert fingerprint.difference(before, adopter.look(machine), exact=True) == []
