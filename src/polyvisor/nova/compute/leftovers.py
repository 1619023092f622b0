# ruff: noqa: SLF001 - Nova names the methods of its session so
"""What a build that failed, or was killed half way, may have left in vCenter, and its removal.

All of it carries the UUID of the server in its name, so whoever deletes the server finds it:

- ``[datastore] UUID/``               folder of the VM
- ``[datastore] OSTACK_IMG_UUID/``    a streamOptimized image on its way to the cache, and a VM of that name
- ``[datastore] vmware_temp/UUID/``   any other image on its way to the cache
"""

import time
from typing import Any

import nova.conf
from nova.virt.vmwareapi import constants, ds_util, vim_util, vm_util
from oslo_log import log as logging
from oslo_service import loopingcall
from oslo_utils import timeutils
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util as vutil
from oslo_vmware.objects.datastore import DatastorePath

from polyvisor.nova import conf

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF
conf.register_opts(CONF)

TEMPORARY = "vmware_temp"
# A VM that is being imported is in the inventory from the start, and can be removed.
_CREATION = "Folder.createVm"
_UNFINISHED = frozenset({"queued", "running"})


def image_vm_name(instance_uuid: str) -> str:
    """Name the VM as which the image of this server is imported into a datastore."""
    return f"{constants.IMAGE_VM_PREFIX}_{instance_uuid}"


def remove(session: Any, cluster: Any, instance_uuid: str) -> None:
    """Remove all of it from every datastore of the cluster. What is not there is no error.

    :raises oslo_vmware.exceptions.VMwareDriverException: something is there and cannot be removed.
    """
    image_vm = image_vm_name(instance_uuid)
    for store in ds_util.get_available_datastores(session, cluster):
        center = ds_util.get_dc_info(session, store.ref)
        _remove_image_vm(session, cluster, center.vmFolder, image_vm)
        folders = [store.build_path(instance_uuid), store.build_path(image_vm)]
        if _exists(session, store.ref, store.build_path(TEMPORARY)):
            folders.append(store.build_path(TEMPORARY, instance_uuid))
        for folder in folders:
            remove_folder(session, store.ref, folder, center.ref)


def remove_folder(session: Any, datastore: Any, path: DatastorePath, datacenter: Any) -> None:
    """Remove a folder from a datastore if it is there."""
    if _exists(session, datastore, path):
        _delete(session, path, datacenter)
        LOG.info("Removed %s, left from a build or a removal that did not end", path)


def _exists(session: Any, datastore: Any, path: DatastorePath) -> bool:
    """Search instead of deleting at random: Nova logs each failed task as an error, with a traceback."""
    browser = session._call_method(vutil, "get_object_property", datastore, "browser")
    return bool(ds_util.file_exists(session, browser, path.parent, path.basename))


@loopingcall.RetryDecorator(
    max_retry_count=5,
    inc_sleep_time=1,
    exceptions=(vexc.FileLockedException, vexc.CannotDeleteFileException, vexc.TaskInProgress),
)
def _delete(session: Any, path: DatastorePath, datacenter: Any) -> None:
    """Delete; what a dying task still holds is tried again for a while."""
    ds_util.file_delete(session, path, datacenter)


def wait_for_creations(session: Any) -> bool:
    """Wait until the VMs that are being created in vCenter now are there; tell whether they are.

    A task goes on in vCenter when the nova-compute that started it is killed, or has lost the connection. A
    VM that is not found now may be there when the task ends. vCenter does not tell which VM a task will make,
    so one of somebody else may be waited for; `[polyvisor] vcenter_driver_timeout` seconds at most.
    """
    limit = timeutils.StopWatch(CONF.polyvisor.vcenter_driver_timeout)
    limit.start()
    waited_for = running = _creations(session)
    while waited_for & running and not limit.expired():
        time.sleep(CONF.vmware.task_poll_interval)
        running = _creations(session)
    return not waited_for & running


def _creations(session: Any) -> set[str]:
    """Return the morefs of the tasks that create a VM."""
    tasks = session._call_method(
        vutil, "get_object_property", session.vim.service_content.taskManager, "recentTask"
    )
    if not tasks:
        return set()
    found = session._call_method(
        vim_util,
        "get_properties_for_a_collection_of_objects",
        "Task",
        tasks.ManagedObjectReference,
        ["info.descriptionId", "info.state"],
    )
    with vutil.WithRetrieval(session.vim, found) as objects:
        return {vutil.get_moref_value(task.obj) for task in objects if _is_creation(task)}


def _is_creation(task: Any) -> bool:
    info = vm_util.propset_dict(getattr(task, "propSet", None))
    return info.get("info.descriptionId") == _CREATION and info.get("info.state") in _UNFINISHED


def folder_of(session: Any, vm: Any) -> tuple[Any, DatastorePath, Any] | None:
    """Find the folder of a VM: its datastore, its path and its datacenter."""
    found = session._call_method(
        vutil, "get_object_properties_dict", vm, ["config.files.vmPathName", "datastore"]
    )
    if not found.get("config.files.vmPathName") or not found.get("datastore"):
        return None
    folder = DatastorePath.parse(found["config.files.vmPathName"]).parent
    for store in found["datastore"].ManagedObjectReference:
        if session._call_method(vutil, "get_object_property", store, "name") == folder.datastore:
            return store, folder, ds_util.get_dc_info(session, store).ref
    return None


def cluster_of(session: Any, vm: Any) -> str | None:
    """Return the moref of the cluster that a VM is in."""
    host = session._call_method(vutil, "get_object_property", vm, "runtime.host")
    parent = host and session._call_method(vutil, "get_object_property", host, "parent")
    return vutil.get_moref_value(parent) if parent else None


def _remove_image_vm(session: Any, cluster: Any, folder: Any, name: str) -> None:
    found = session._call_method(
        session.vim, "FindChild", session.vim.service_content.searchIndex, entity=folder, name=name
    )
    if found and cluster_of(session, found) == vutil.get_moref_value(cluster):
        task = session._call_method(session.vim, "Destroy_Task", found)
        session._wait_for_task(task)
        LOG.info("Removed VM %s, left from a build that did not end", name)
