"""Volumes as Cinder makes them, through its REST API."""

import uuid

from pyVmomi import vim

from tests.functional.cinder.cloud import Cloud


def test_a_volume_is_made_when_it_is_attached_and_is_copied_and_deleted(cloud: Cloud) -> None:
    volume = cloud.create()
    cloud.wait(volume, "available")
    vm = cloud.vm("plain", running=False)
    attachment = cloud.attach(volume, cloud.uuid(vm), vm)
    assert cloud.volume(volume)["status"] == "in-use"
    (disk,) = cloud.disks(cloud.backing(volume))
    assert disk.backing.uuid == volume
    assert disk.backing.fileName.endswith(f"] volume-{volume}/volume-{volume}.vmdk")
    cloud.action(volume, "os-extend", {"new_size": 2})
    assert cloud.wait(volume, "in-use")["size"] == 1
    cloud.request("DELETE", f"/attachments/{attachment['id']}", status=200)
    cloud.wait(volume, "available")
    copy = cloud.create(2, source_volid=volume)
    cloud.wait(copy, "available")
    assert cloud.disks(cloud.backing(copy))[0].capacityInKB == 2 * 1024 * 1024
    for one in (volume, copy):
        cloud.request("DELETE", f"/volumes/{one}", status=202)
        cloud.gone(one)
        assert cloud.backing(one) is None


def test_a_server_of_another_vcenter_does_not_get_the_disk_whatever_moref_its_vm_has(cloud: Cloud) -> None:
    vm, own, other = cloud.vm("here", running=False), cloud.session.vcenter_uuid, str(uuid.uuid4())
    volume = cloud.create()
    cloud.wait(volume, "available")
    refused = cloud.attach(volume, str(uuid.uuid4()), vm, status=400, vcenter_uuid=other)
    for vcenter in (own, other):
        assert vcenter in refused["badRequest"]["message"]
    assert cloud.backing(volume) is None
    cloud.wait(volume, "available")
    cloud.attach(volume, cloud.uuid(vm), vm, vcenter_uuid=own)
    assert cloud.volume(volume)["status"] == "in-use"


def test_a_snapshot_of_an_attached_volume_is_its_disk_and_no_copy_of_the_server(cloud: Cloud) -> None:
    vm = cloud.vm("server", "persistent", network="VM Network")
    disk = cloud.disks(vm)[1]
    volume = cloud.manage(source_name=disk.backing.fileName, source_vm=cloud.uuid(vm))
    cloud.wait(volume, "available")
    cloud.attach(volume, cloud.uuid(vm), vm)
    cloud.mark(vm, {"nvp.vm-uuid": cloud.uuid(vm), f"volume-{volume}": disk.backing.uuid})

    body = {"snapshot": {"volume_id": volume, "name": "kept"}}
    snapshot = cloud.request("POST", "/snapshots", body, status=202)["snapshot"]["id"]
    cloud.until(
        lambda: cloud.request("GET", f"/snapshots/{snapshot}")["snapshot"]["status"] == "available",
        lambda: str(cloud.request("GET", f"/snapshots/{snapshot}")),
    )
    copy = cloud.create(2, snapshot_id=snapshot)
    cloud.wait(copy, "available")
    template = cloud.find(vim.VirtualMachine, f"snapshot-{snapshot}")
    assert len(cloud.disks(template)) == len(cloud.disks(cloud.backing(copy))) == 1
    assert cloud.nics(template) == []
    assert [key for key in cloud.marks(template) if key.startswith(("nvp.", "volume-"))] == []
    assert cloud.marks(vm)["nvp.vm-uuid"] == cloud.uuid(vm)
    assert len(cloud.disks(vm)) == 2
