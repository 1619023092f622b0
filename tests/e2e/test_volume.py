"""Volumes through the `openstack` command: as ever, and made of disks that servers have."""

import uuid
from typing import Any

from polyvisor.sandbox import inventory
from tests.e2e.conftest import Lab
from tests.e2e.volumes import SECONDS, Volumes, content, disks, find

HOST = f"{inventory.FIRST_VCENTER.volume_service}#{inventory.FIRST_VCENTER.name}"


def run(lab: Lab, *arguments: str) -> None:
    done = lab.openstack(*arguments)
    assert done.returncode == 0, done.stderr


def test_a_volume_is_attached_copied_while_it_is_detached_grown_and_deleted(
    lab: Lab, servers: list[Any], volumes: Volumes
) -> None:
    volume = volumes.create("--size", "1")
    server = lab.build()
    servers.append(server)
    vm = find(lab, server.id)
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    assert f"volume-{volume}" in disks(lab, vm)[-1]["backing"]["fileName"]

    copy = volumes.create("--source", volume)
    assert len(disks(lab, find(lab, f"volume-{copy}"))) == 1

    run(lab, "server", "remove", "volume", server.id, volume)
    volumes.wait(volume, "available")
    assert len(disks(lab, vm)) == 1
    run(lab, "volume", "set", "--size", "2", volume)
    lab.until(
        lambda: lab.tenant.block_storage.get_volume(volume).size == 2, "the volume to be larger", SECONDS
    )
    (disk,) = disks(lab, find(lab, f"volume-{volume}"))
    assert disk["capacityInKB"] == 2 * 1024 * 1024


def test_a_disk_that_a_server_has_becomes_a_volume_in_place_and_outlives_the_server(
    lab: Lab, servers: list[Any], volumes: Volumes
) -> None:
    server = lab.build()
    servers.append(server)
    vm = find(lab, server.id)
    _host, (datastore,) = lab.place(server)
    lab.govc("vm.disk.create", "-vm", vm, "-ds", datastore, "-name", f"{server.id}/added", "-size", "1G")
    before = disks(lab, vm)
    file = before[-1]["backing"]["fileName"]
    ref = ("--remote-source", f"source-vm={server.id}", "--remote-source", f"source-name={file}")
    manage = ("--host", HOST, "--non-bootable", *ref)

    assert "volume_manage" in lab.openstack("volume", "create", *manage, "not-allowed").stderr
    give_admin_a_role_in(lab, "demo")
    theirs = lab.openstack_json("volume", "create", *manage, f"theirs-{uuid.uuid4()}", as_cloud="admin")["id"]
    get = lab.admin.block_storage.get_volume
    lab.until(lambda: get(theirs).status == "error", "another project's manage to be refused", SECONDS)
    assert "is not of project" in get(theirs).metadata["polyvisor:refused"]
    lab.admin.block_storage.delete_volume(theirs)

    volume = volumes.create(*manage, project="demo")
    other = lab.build()
    servers.append(other)
    run(lab, "server", "add", "volume", other.id, volume)
    lab.until(lambda: bool(failure_to_attach(lab, other)), "the other server to be refused", SECONDS)
    assert f"the disk of volume {volume}. Attach the volume to the server" in failure_to_attach(lab, other)
    assert lab.openstack("volume", "delete", volume).returncode == 0
    lab.until(
        lambda: "or unmanage it" in get(volume).metadata.get("polyvisor:refused", ""),
        "the deletion to be refused",
        SECONDS,
    )
    volumes.wait(volume, "available")
    run(lab, "volume", "set", "--size", "2", volume)
    lab.until(lambda: get(volume).status == "available", "the extension to be refused", SECONDS)
    assert get(volume).size == 1

    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    assert "polyvisor:refused" not in get(volume).metadata
    assert disks(lab, vm) == before

    lab.delete(server)
    volumes.wait(volume, "available")
    (disk,) = disks(lab, find(lab, f"volume-{volume}"))
    assert disk["backing"]["fileName"].endswith(f"volume-{volume}/volume-{volume}.vmdk")
    assert disk["backing"]["uuid"] == before[-1]["backing"]["uuid"]


def failure_to_attach(lab: Lab, server: Any) -> str:
    """What the owner of a server is told of an attachment that failed; empty as long as none has."""
    events = lab.openstack_json("server", "event", "list", "--long", server.id)
    return next((str(each["Message"]) for each in events if each["Message"]), "")


def give_admin_a_role_in(lab: Lab, project: str) -> None:
    identity = lab.admin.identity
    role, user = identity.find_role("admin"), identity.find_user("admin")
    identity.assign_project_role_to_user(identity.find_project(project), user, role)


def test_a_volume_named_in_a_relocation_moves_while_its_server_runs_and_cinder_finds_it(
    lab: Lab, volumes: Volumes, servers: list[Any]
) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    volume = volumes.create("--size", "1", "--image", lab.image)
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    vm, backing = find(lab, server.id), f"volume-{volume}"
    before = content(lab, disks(lab, vm)[1])
    home = lab.admin.block_storage.get_volume(volume).host
    migrate = ("server", "vmware", "migrate", server.id, "--wait")

    unnamed = lab.openstack(*migrate, "--datastore", "cluster1-ssd", as_cloud="admin")
    assert unnamed.returncode == 0, unnamed.stderr
    stays = disks(lab, find(lab, backing))[0]["backing"]["fileName"]
    assert disks(lab, vm)[1]["backing"]["fileName"] == stays
    target = "cluster1-ssd" if stays.startswith("[shared1]") else "shared1"
    named = lab.openstack(*migrate, "--disk", f"{volume}={target}", as_cloud="admin")
    assert named.returncode == 0, named.stderr

    file = disks(lab, vm)[1]["backing"]["fileName"]
    assert file.startswith(f"[{target}] ")
    assert disks(lab, find(lab, backing))[0]["backing"]["fileName"] == file
    assert lab.admin.block_storage.get_volume(volume).host == home
    copy = volumes.create("--source", volume)
    assert content(lab, disks(lab, find(lab, f"volume-{copy}"))[0]) == before

    run(lab, "server", "remove", "volume", server.id, volume)
    volumes.wait(volume, "available")
    (disk,) = disks(lab, find(lab, backing))
    assert disk["backing"]["fileName"] == f"[{target}] {backing}/{backing}.vmdk"
    assert content(lab, disk) == before
    run(lab, "volume", "set", "--size", "2", volume)
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")


def test_a_volume_stays_if_snapshots_have_it(lab: Lab, volumes: Volumes, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    volume = volumes.create("--size", "1")
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    run(lab, "server", "vmware", "snapshot", "create", "--wait", server.id, "then")
    for target in ("shared1", "cluster1-ssd"):
        move = ("server", "vmware", "migrate", server.id, "--disk", f"{volume}={target}")
        assert "part of snapshots" in lab.openstack(*move, as_cloud="admin").stderr


def test_a_volume_named_in_a_move_to_another_cluster_goes_along(
    lab: Lab, volumes: Volumes, servers: list[Any]
) -> None:
    server = lab.build(host="esx12", datastore="cluster1-ssd")
    servers.append(server)
    volume = volumes.create("--size", "1", "--image", lab.image)
    run(lab, "server", "add", "volume", server.id, volume)
    volumes.wait(volume, "in-use")
    migrate = ("server", "vmware", "migrate", server.id, "--wait")
    where = disks(lab, find(lab, server.id))[1]["backing"]["fileName"]
    if not where.startswith("[cluster1-ssd]"):
        first = lab.openstack(*migrate, "--disk", f"{volume}=cluster1-ssd", as_cloud="admin")
        assert first.returncode == 0, first.stderr
    before = content(lab, disks(lab, find(lab, server.id))[1])

    across = ("--host", "esx22", "--datastore", "cluster2-ssd")
    unnamed = lab.openstack(*migrate, *across, as_cloud="admin")
    assert "name another host" in unnamed.stderr
    named = lab.openstack(*migrate, *across, "--disk", f"{volume}=shared1", as_cloud="admin")
    assert named.returncode == 0, named.stderr

    assert lab.place(server)[0] == "esx22"
    own, disk = disks(lab, find(lab, server.id))
    assert own["backing"]["fileName"].startswith("[cluster2-ssd] ")
    assert disk["backing"]["fileName"].startswith("[shared1] ")
    assert disks(lab, find(lab, f"volume-{volume}"))[0]["backing"]["fileName"] == disk["backing"]["fileName"]
    run(lab, "server", "remove", "volume", server.id, volume)
    volumes.wait(volume, "available")
    [alone] = disks(lab, find(lab, f"volume-{volume}"))
    assert content(lab, alone) == before
    # vCenter has put the disk into a folder of the VM's name, and no call of vSphere deletes a folder only if
    # it is empty: it stays.
    [folder] = [name for name in lab.govc("datastore.ls", "-ds", "shared1").splitlines() if server.id in name]
    assert lab.govc("datastore.ls", "-ds", "shared1", folder) == ""
    lab.govc("datastore.rm", "-ds", "shared1", folder)
