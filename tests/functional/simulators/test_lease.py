"""Disks that go in and out as images: as Nova moves them, judged by qemu and by Glance's inspector."""

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oslo_utils.imageutils import format_inspector
from oslo_vmware import api, rw_handles, vim_util

from tests.functional.conftest import StartVCenter, VCenter

DISK_BYTES = 48 * 1024 * 1024
QEMU_SECONDS = 60


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


@pytest.fixture
def session(running: VCenter) -> Iterator[Any]:
    session = api.VMwareAPISession(
        running.host,
        running.username,
        running.password,
        api_retry_count=1,
        task_poll_interval=0.1,
        port=running.port,
        cacert=running.ca_file,
        insecure=False,
    )
    yield session
    session.logout()


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A disk with something at its begin, in its middle and at its end."""
    file = tmp_path / "disk.raw"
    with file.open("wb") as disk:
        for at in (0, DISK_BYTES // 2, DISK_BYTES - 70_000):
            disk.seek(at)
            disk.write(os.urandom(70_000))
    return file


def qemu_img(*args: str | Path) -> str:
    return subprocess.run(
        ["qemu-img", *map(str, args)], check=True, timeout=QEMU_SECONDS, capture_output=True, text=True
    ).stdout


def import_spec(session: Any, name: str) -> Any:
    """Describe a VM with one thin disk whose capacity nobody knows yet."""
    create = session.vim.client.factory.create
    controller = create("ns0:VirtualLsiLogicController")
    controller.key, controller.busNumber, controller.sharedBus = -100, 0, "noSharing"
    backing = create("ns0:VirtualDiskFlatVer2BackingInfo")
    backing.fileName, backing.diskMode, backing.thinProvisioned = "[shared1]", "persistent", True
    disk = create("ns0:VirtualDisk")
    disk.key, disk.unitNumber, disk.controllerKey, disk.capacityInKB = -101, 0, -100, 1
    disk.backing = backing
    changes = []
    for device in (controller, disk):
        change = create("ns0:VirtualDeviceConfigSpec")
        change.operation, change.device = "add", device
        changes.append(change)
    changes[1].fileOperation = "create"
    files = create("ns0:VirtualMachineFileInfo")
    files.vmPathName = "[shared1]"
    config = create("ns0:VirtualMachineConfigSpec")
    config.name, config.guestId, config.numCPUs, config.memoryMB = name, "otherGuest", 1, 128
    config.deviceChange, config.files = changes, files
    spec = create("ns0:VirtualMachineImportSpec")
    spec.configSpec = config
    return spec


def first(session: Any, kind: str, *properties: str) -> Any:
    return session.invoke_api(vim_util, "get_objects", session.vim, kind, 1, list(properties)).objects[0]


def upload(session: Any, running: VCenter, name: str, image: bytes) -> Any:
    """Import an image and return its VM."""
    datacenter = first(session, "Datacenter", "vmFolder")
    handle = rw_handles.VmdkWriteHandle(
        session,
        running.host,
        running.port,
        first(session, "ResourcePool", "name").obj,
        datacenter.propSet[0].val,
        import_spec(session, name),
        len(image),
    )
    for at in range(0, len(image), 65536):
        handle.write(image[at : at + 65536])
    handle.close()
    return handle.get_imported_vm()


def download(session: Any, running: VCenter, vm: Any) -> bytes:
    """Export a VM's first disk."""
    handle = rw_handles.VmdkReadHandle(session, running.host, running.port, vm, None, DISK_BYTES)
    image = io.BytesIO()
    while chunk := handle.read(65536):
        image.write(chunk)
    handle.close()
    return image.getvalue()


def capacity(session: Any, vm: Any) -> int:
    devices = session.invoke_api(
        vim_util, "get_object_property", session.vim, vm, "config.hardware.device"
    ).VirtualDevice
    return next(int(each.capacityInBytes) for each in devices if type(each).__name__ == "VirtualDisk")


def convert(raw: Path, image: Path) -> bytes:
    qemu_img("convert", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, image)
    return image.read_bytes()


def test_an_image_comes_back_as_it_went_in(running: VCenter, session: Any, raw: Path, tmp_path: Path) -> None:
    vm = upload(session, running, "whole", convert(raw, tmp_path / "source.vmdk"))
    exported = download(session, running, vm)

    assert capacity(session, vm) == DISK_BYTES
    image, back = tmp_path / "image.vmdk", tmp_path / "back.raw"
    image.write_bytes(exported)
    info = json.loads(qemu_img("info", "--output=json", image))
    assert (info["format"], info["virtual-size"]) == ("vmdk", DISK_BYTES)
    assert info["format-specific"]["data"]["create-type"] == "streamOptimized"
    qemu_img("convert", "-O", "raw", image, back)
    assert back.read_bytes() == raw.read_bytes()

    again = upload(session, running, "again", exported)
    assert download(session, running, again) == exported


@pytest.mark.parametrize("name", ["full", "empty"])
def test_glance_takes_the_image(running: VCenter, session: Any, raw: Path, tmp_path: Path, name: str) -> None:
    if name == "empty":
        raw.write_bytes(b"")
        os.truncate(raw, DISK_BYTES)
    vm = upload(session, running, name, convert(raw, tmp_path / "source.vmdk"))
    upstream = io.BytesIO(download(session, running, vm))

    # What glance.location does while it stores an image.
    inspected = format_inspector.InspectWrapper(upstream)
    while inspected.read(65536):
        pass
    inspected.close()

    assert str(inspected.format) == "vmdk"
    assert inspected.format.virtual_size == DISK_BYTES
    inspected.format.safety_check()
