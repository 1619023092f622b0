# ruff: noqa: SLF001 - Nova names the methods of its session so
"""The VM that a build left, and that no server in Nova owns any more: found, told from every other, removed.

Removing the wrong VM is worse than leaving a hundred. So a VM counts as left only if it is in the cluster of
this nova-compute *and* bears all three marks that Nova gives at creation; and if vCenter has any other VM
with the UUID of the server, nothing is touched.
"""

from dataclasses import dataclass
from typing import Any

from nova.objects.instance import Instance
from nova.virt.vmwareapi import constants, vm_util
from oslo_log import log as logging
from oslo_vmware import vim_util as vutil

from polyvisor.nova.compute import leftovers
from polyvisor.vsphere.adoption import RECORD_PROPERTY

LOG = logging.getLogger(__name__)

_NOVA_UUID = 'config.extraConfig["nvp.vm-uuid"]'


class NotAnOrphan(Exception):  # noqa: N818 - says what it is
    """vCenter has a VM with the UUID of the server which must not be touched."""


@dataclass(frozen=True, slots=True)
class Found:
    """A VM with the marks by which it is judged.

    :ivar cluster: moref of the cluster that it is in.
    :ivar manager: key of the vCenter extension that made it, its `managedBy`.
    :ivar adopted: whether it was there before its server.
    :ivar nova_uuid: the server that Nova made it for. A copy of the VM has it too, unlike `instance_uuid`.
    """

    name: str
    cluster: str | None
    manager: str | None
    instance_uuid: str | None
    nova_uuid: str | None
    adopted: bool = False

    def reason_to_stay(self, server: str, cluster: str) -> str | None:
        """Say why it is not left by a build of this server in this cluster; None if it is."""
        if self.adopted:
            return f"VM {self.name} was there before it was adopted"
        if self.cluster != cluster:
            return f"VM {self.name} is in another cluster, {self.cluster}"
        if self.manager != constants.EXTENSION_KEY:
            return f"VM {self.name} was not made by Nova"
        if self.nova_uuid != server:
            return f"the nvp.vm-uuid of VM {self.name} is {self.nova_uuid}"
        if self.instance_uuid != server:
            return f"the instance UUID of VM {self.name} is {self.instance_uuid}"
        return None


def remove(session: Any, cluster: Any, server: Instance) -> None:
    """Remove the VM that a build of a server left in a cluster. If there is none, that is no error.

    :raises NotAnOrphan: a VM of this UUID is something else. Nothing was changed.
    """
    vms = [(vm, _read(session, vm)) for vm in _find(session, server.uuid)]
    for _vm, found in vms:
        if reason := found.reason_to_stay(server.uuid, vutil.get_moref_value(cluster)):
            raise NotAnOrphan(reason)
    vm_util.vm_ref_cache_delete(server.uuid)
    for vm, found in vms:
        _remove(session, vm, server)
        LOG.info("Removed VM %s, left from a build that failed", found.name, instance=server)


def _find(session: Any, server: str) -> list[Any]:
    index = session.vim.service_content.searchIndex
    found = session._call_method(
        session.vim, "FindAllByUuid", index, uuid=server, vmSearch=True, instanceUuid=True
    )
    return list(found or [])


def _read(session: Any, vm: Any) -> Found:
    wanted = ["name", "config.managedBy", "config.instanceUuid", _NOVA_UUID, RECORD_PROPERTY]
    read = session._call_method(vutil, "get_object_properties_dict", vm, wanted)
    return Found(
        name=read["name"],
        cluster=leftovers.cluster_of(session, vm),
        manager=getattr(read.get("config.managedBy"), "extensionKey", None),
        instance_uuid=read.get("config.instanceUuid"),
        nova_uuid=getattr(read.get(_NOVA_UUID), "value", None),
        adopted=bool(getattr(read.get(RECORD_PROPERTY), "value", None)),
    )


def _remove(session: Any, vm: Any, server: Instance) -> None:
    """Unregister the VM and delete its folder, as Nova does: destroying it would take volumes along."""
    folder = leftovers.folder_of(session, vm)
    if session._call_method(vutil, "get_object_property", vm, "runtime.powerState") != "poweredOff":
        vm_util.power_off_instance(session, server, vm)
    session._call_method(session.vim, "UnregisterVM", vm)
    if folder:
        leftovers.remove_folder(session, *folder)
