"""Disks that VMs have become volumes, in place, and are let go of again."""

import pytest
from pyVmomi import vim

from polyvisor.cinder.refusal import REASON
from tests.functional.cinder.cloud import STRANGER, Cloud


def test_a_managed_disk_stays_on_its_running_vm_and_is_a_volume_like_any_other_when_detached(
    cloud: Cloud,
) -> None:
    vm = cloud.vm("database", "persistent")
    disk = cloud.disks(vm)[1]
    before = cloud.fingerprint(vm)

    volume = cloud.manage(source_name=disk.backing.fileName, source_vm=cloud.uuid(vm))
    assert cloud.wait(volume, "available", "error")["status"] == "available"
    assert cloud.volume(volume)["size"] == 2
    assert cloud.volume(volume)["shared_targets"] is False
    assert cloud.fingerprint(vm) == before
    assert cloud.running(vm)
    (shown,) = cloud.disks(cloud.backing(volume))
    assert (shown.backing.fileName, shown.backing.uuid) == (disk.backing.fileName, disk.backing.uuid)

    attachment = cloud.attach(volume, cloud.uuid(vm), vm)
    assert attachment["connection_info"]["volume"] == cloud.backing(volume)._moId
    assert cloud.volume(volume)["status"] == "in-use"
    assert cloud.fingerprint(vm) == before

    cloud.take(vm, disk)
    cloud.request("DELETE", f"/attachments/{attachment['id']}", status=200)
    cloud.wait(volume, "available")
    (home,) = cloud.disks(cloud.backing(volume))
    assert home.backing.fileName == f"[shared1] volume-{volume}/volume-{volume}.vmdk"
    assert home.backing.uuid == disk.backing.uuid
    assert "database_1.vmdk" not in cloud.files("[shared1] database")

    other = cloud.vm("other", running=False)
    again = cloud.attach(volume, cloud.uuid(other), other)
    cloud.request("DELETE", f"/attachments/{again['id']}", status=200)
    cloud.action(volume, "os-extend", {"new_size": 3})
    cloud.until(lambda: cloud.volume(volume)["size"] == 3, lambda: f"{cloud.volume(volume)}")
    assert cloud.disks(cloud.backing(volume))[0].capacityInKB == 3 * 1024 * 1024
    cloud.request("DELETE", f"/volumes/{volume}", status=202)
    cloud.gone(volume)
    assert cloud.files(f"[shared1] volume-{volume}") == []


def test_a_disk_that_its_vm_still_has_is_not_touched_and_let_go_of_as_it_was(cloud: Cloud) -> None:
    vm = cloud.vm("untouched", "persistent", running=False)  # so that no lock protects it
    disk, before = cloud.disks(vm)[1], cloud.fingerprint(vm)
    files = cloud.files("[shared1] untouched")
    volume = cloud.manage(source_id=str(disk.key), source_vm=vm._moId)
    cloud.wait(volume, "available")

    stranger = cloud.vm("stranger")
    gone = cloud.session.managed_object(vim.VirtualMachine, "vm-999999")
    for server in (stranger, gone, None):  # None: one whose VM is not made yet
        told = cloud.attach(volume, cloud.uuid(stranger), server, status=400)["badRequest"]["message"]
        for part in (volume, disk.backing.fileName, "VM untouched", "unmanage it"):
            assert part in told
    cloud.wait(volume, "available")
    retype = {"new_type": cloud.volume_type({"vmware:adapter_type": "lsiLogic"})}
    for method, path, body in (
        ("DELETE", f"/volumes/{volume}", None),
        ("POST", f"/volumes/{volume}/action", {"os-extend": {"new_size": 3}}),
        ("POST", f"/volumes/{volume}/action", {"os-retype": retype | {"migration_policy": "never"}}),
        ("POST", f"/volumes/{volume}/action", {"os-retype": retype | {"migration_policy": "on-demand"}}),
    ):
        cloud.request("PUT", f"/volumes/{volume}/metadata", {"metadata": {"kept": "so"}}, status=200)
        cloud.request(method, path, body, status=202)
        cloud.until(
            lambda: (found := cloud.volume(volume))["status"] == "available" and REASON in found["metadata"],
            lambda: str(cloud.volume(volume)),
        )
        assert "VM untouched" in cloud.volume(volume)["metadata"][REASON]
    assert (cloud.volume(volume)["size"], cloud.volume(volume)["metadata"]["kept"]) == (2, "so")
    copy = cloud.create(2, source_volid=volume)
    assert "VM untouched" in cloud.wait(copy, "error")["metadata"][REASON]
    snapshot = {"snapshot": {"volume_id": volume, "name": "refused"}}
    snapshot = cloud.request("POST", "/snapshots", snapshot, status=202)["snapshot"]["id"]
    refused = cloud.until(
        lambda: (found := cloud.snapshot(snapshot))["status"] == "error" and found,
        lambda: "the snapshot is not refused",
    )
    assert "VM untouched" in refused["metadata"][REASON]
    cloud.request("DELETE", f"/snapshots/{snapshot}", status=202)
    cloud.until(
        lambda: "itemNotFound" in cloud.request("GET", f"/snapshots/{snapshot}"),
        lambda: "the snapshot is still there",
    )

    attachment = cloud.attach(volume, cloud.uuid(vm), vm)
    assert REASON not in cloud.volume(volume)["metadata"]
    cloud.action(volume, "os-extend", {"new_size": 3})
    cloud.wait(volume, "in-use")
    assert cloud.volume(volume)["size"] == 2
    cloud.request("DELETE", f"/attachments/{attachment['id']}", status=200)
    cloud.wait(volume, "available")
    cloud.action(volume, "os-unmanage")
    cloud.gone(volume)
    assert cloud.backing(volume) is None
    assert cloud.fingerprint(vm) == before
    assert cloud.files("[shared1] untouched") == files
    again = cloud.manage(source_name=disk.backing.fileName, source_vm=cloud.uuid(vm))
    cloud.wait(again, "available")


def test_a_disk_of_no_vm_is_managed_and_comes_home_when_it_is_used(cloud: Cloud) -> None:
    vm = cloud.vm("dissolved", "persistent", running=False)
    disk = cloud.disks(vm)[1]
    cloud.take(vm, disk)
    volume = cloud.manage(source_name=disk.backing.fileName)
    assert cloud.wait(volume, "available", "error")["status"] == "available"
    assert cloud.volume(volume)["size"] == 2
    assert "dissolved_1.vmdk" in cloud.files("[shared1] dissolved")

    cloud.attach(volume, cloud.uuid(vm), vm)
    (home,) = cloud.disks(cloud.backing(volume))
    assert home.backing.fileName == f"[shared1] volume-{volume}/volume-{volume}.vmdk"
    assert "dissolved_1.vmdk" not in cloud.files("[shared1] dissolved")


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("independent_persistent", "snapshots leave it out"), ("multi-writer", "other VMs may write")],
)
def test_disks_that_cannot_be_volumes_are_refused(cloud: Cloud, mode: str, reason: str) -> None:
    vm = cloud.vm(mode, mode, running=False)
    refused(cloud, reason, source_name=cloud.disks(vm)[1].backing.fileName, source_vm=cloud.uuid(vm))


def test_the_boot_disk_a_disk_in_a_snapshot_and_an_unknown_one_are_refused(cloud: Cloud) -> None:
    vm = cloud.vm("whole", "persistent", running=False)
    boot, data = cloud.disks(vm)
    refused(cloud, "boots from it", source_name=boot.backing.fileName, source_vm=cloud.uuid(vm))
    refused(cloud, "has no disk 4711. Its disks: ", source_id="4711", source_vm=cloud.uuid(vm))
    refused(cloud, "no VM has the instance UUID", source_id="2000", source_vm=STRANGER)
    refused(cloud, "there is no disk [shared1] no/such.vmdk", source_name="[shared1] no/such.vmdk")
    refused(cloud, "there is no datastore 'nowhere'", source_name="[nowhere] no/such.vmdk")
    refused(cloud, "is no path of a disk", source_name="[shared1] ../../etc/passwd")
    cloud.done(cloud.session.call(vm.CreateSnapshot_Task, "one", "", False, False))
    file = cloud.disks(vm)[1].backing.fileName
    refused(cloud, "belongs to a snapshot", source_name=file, source_vm=cloud.uuid(vm))
    refused(cloud, "VM whole needs", source_name=data.backing.fileName)


def test_nobody_gets_the_disk_of_another(cloud: Cloud) -> None:
    vm, other = cloud.vm("mine", "persistent"), cloud.vm("theirs", "persistent")
    file = cloud.disks(vm)[1].backing.fileName
    refused(cloud, "VM mine needs", source_name=file)
    refused(cloud, "has no disk", source_name=file, source_vm=cloud.uuid(other))
    cloud.servers[cloud.uuid(vm)] = STRANGER
    refused(cloud, "is not of project", source_name=file, source_vm=cloud.uuid(vm))
    del cloud.servers[cloud.uuid(vm)]
    volume = cloud.manage(source_name=file, source_vm=cloud.uuid(vm))
    cloud.wait(volume, "available")
    refused(cloud, f"VM volume-{volume} needs", source_name=file, source_vm=cloud.uuid(vm))
    held = cloud.disks(cloud.backing(volume))[0].backing.fileName
    refused(cloud, "Cinder's already", source_name=held, source_vm=cloud.backing(volume)._moId)


def test_a_datastore_of_another_cluster_is_refused(cloud: Cloud) -> None:
    vm = cloud.vm("elsewhere", "persistent", datastore="cluster2-ssd", cluster="cluster2", running=False)
    file = cloud.disks(vm)[1].backing.fileName
    refused(cloud, "none of this backend's", source_name=file, source_vm=cloud.uuid(vm))


def refused(cloud: Cloud, reason: str, **ref: str) -> None:
    """See that a disk is refused for this reason, and nothing is left of the attempt."""
    before = len(cloud.session.call(lambda: cloud.find(vim.Datacenter, "dc1").vmFolder.childEntity))
    volume = cloud.manage(**ref)
    found = cloud.wait(volume, "error", "available")
    assert reason in found["metadata"].get(REASON, "")
    assert found["status"] == "error"
    assert cloud.backing(volume) is None
    cloud.request("DELETE", f"/volumes/{volume}", status=202)
    cloud.gone(volume)
    assert len(cloud.session.call(lambda: cloud.find(vim.Datacenter, "dc1").vmFolder.childEntity)) == before
