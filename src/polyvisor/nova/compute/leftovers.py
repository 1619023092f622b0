# ruff: noqa: SLF001 - Nova names the methods of its session so
"""What a build that failed, or was killed half way, may have left in vCenter, and its removal.

All of it carries the UUID of the server in its name, so whoever deletes the server finds it:

- ``[datastore] UUID/``               folder of the VM
- ``[datastore] OSTACK_IMG_UUID/``    a streamOptimized image on its way to the cache, and a VM of that name
- ``[datastore] vmware_temp/UUID/``   any other image on its way to the cache
"""

from collections.abc import Iterator
from typing import Any

from nova.virt.vmwareapi import constants, ds_util, vim_util, vm_util
from oslo_log import log as logging
from oslo_service import loopingcall
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util as vutil
from oslo_vmware.objects.datastore import DatastorePath

LOG = logging.getLogger(__name__)

TEMPORARY = "vmware_temp"
_BUILDING = frozenset({"Folder.createVm", "ResourcePool.ImportVApp"})


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
        _remove_image_vm(session, center.vmFolder, image_vm)
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


def wait_for_creations(session: Any) -> None:
    """Wait until no VM is being created in vCenter.

    A task goes on in vCenter when the nova-compute that started it is killed. A VM that is not found now
    may be there when the task ends.
    """
    for task in _creations(session):
        try:
            session._wait_for_task(task)
        except vexc.VMwareDriverException as error:
            LOG.debug("A VM creation that was waited for failed: %s", error)


def _creations(session: Any) -> Iterator[Any]:
    tasks = session._call_method(
        vutil, "get_object_property", session.vim.service_content.taskManager, "recentTask"
    )
    if not tasks:
        return
    found = session._call_method(
        vim_util,
        "get_properties_for_a_collection_of_objects",
        "Task",
        tasks.ManagedObjectReference,
        ["info.descriptionId", "info.state"],
    )
    with vutil.WithRetrieval(session.vim, found) as objects:
        for task in objects:
            info = vm_util.propset_dict(getattr(task, "propSet", None))
            if info.get("info.descriptionId") in _BUILDING and info.get("info.state") in {
                "queued",
                "running",
            }:
                yield task.obj


def _remove_image_vm(session: Any, folder: Any, name: str) -> None:
    found = session._call_method(
        session.vim, "FindChild", session.vim.service_content.searchIndex, entity=folder, name=name
    )
    if found:
        task = session._call_method(session.vim, "Destroy_Task", found)
        session._wait_for_task(task)
        LOG.info("Removed VM %s, left from a build that did not end", name)
