# ruff: noqa: SLF001 - Nova names the methods of its session so
"""The ephemeral and swap disks of a clone.

Nova knows these disks by the names of their files, and makes them anew when a server is resized. vCenter
names the files of a clone itself, so the clone keeps a note of which disks they are.
"""

from pathlib import PurePosixPath
from typing import Any

from nova.virt.vmwareapi import vm_util
from oslo_vmware import vim_util as vutil

from polyvisor.vsphere.clone_source import Source

_NOTE = "polyvisor.scratch-disks"
_NAMES = ("ephemeral_", "swap.")


def marks(source: Source) -> dict[str, str]:
    """Return the note for a clone: the keys of the disks, which are those of the source's."""
    named = [str(key) for key, file in source.disks.items() if PurePosixPath(file).name.startswith(_NAMES)]
    noted = source.extra_config.get(_NOTE, "")
    keys = ",".join([*named, *filter(None, noted.split(","))])
    return {_NOTE: keys} if keys else {}


def remove(session: Any, vm: Any) -> None:
    """Remove the disks that the note is about, if there is one, with their files; and the note."""
    path = f'config.extraConfig["{_NOTE}"]'
    found = session._call_method(
        vutil, "get_object_properties_dict", vm, [path, "config.files.vmPathName", "config.hardware.device"]
    )
    if path not in found:
        return
    keys = found[path].value.split(",")
    # What else may have come to a slot since, a volume above all, is not among the VM's files.
    folder = found["config.files.vmPathName"].rpartition("/")[0] + "/"
    disks = [
        device
        for device in found["config.hardware.device"].VirtualDevice
        if str(device.key) in keys and str(getattr(device.backing, "fileName", "")).startswith(folder)
    ]
    if disks:
        vm_util.detach_devices_from_vm(session, vm, disks)
    forget = vm_util.get_vm_extra_config_spec(session.vim.client.factory, {_NOTE: ""})
    vm_util.reconfigure_vm(session, vm, forget)
