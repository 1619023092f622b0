# ruff: noqa: SLF001 - the hooks that Nova has for this begin with an underscore
"""Builds a server by copying the VM of another: Nova's own spawn, but for the making of the VM."""

from collections.abc import Callable
from typing import Any

from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.virt.vmwareapi import constants
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util as vutil
from typing_extensions import override

from polyvisor.nova.compute import nic
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere.clone import Destination, Identity, Order, Shape

Copy = Callable[[Order], str]
"""Makes the VM, powered off, and returns its moref."""


class CloneVMOps(VMwareVMOps):
    """Nova's operations for one build, whose VM and local disks are copied. Volumes are attached as ever."""

    _session: Any
    _copy: Copy
    _host: str
    _power_on: bool

    @classmethod
    def of(cls, ops: VMwareVMOps, *, host: str, copy: Copy, power_on: bool) -> "CloneVMOps":
        """Return these operations for one build.

        :param host: moref of the ESXi host on which the VM is made.
        """
        clone = cls.__new__(cls)
        clone.__dict__.update(ops.__dict__)
        clone._copy, clone._host, clone._power_on = copy, host, power_on
        return clone

    @override
    def spawn(self, context: RequestContext, instance: Instance, *args: Any, **kwargs: Any) -> None:
        """Build the VM of a server. The image, which may be gone, is not asked for."""
        if not self._power_on:
            self._session = _StayingOff(self._session)
        imageless = instance.obj_clone()
        imageless.image_ref = None
        super().spawn(context, imageless, *args, **kwargs)

    @override
    def _build_virtual_machine(
        self,
        instance: Instance,
        image_info: Any,
        dc_info: Any,
        datastore: Any,
        network_info: Any,
        extra_specs: Any,
        metadata: str,
    ) -> Any:
        project = self._get_folder_name("Project", instance.project_id)
        folder = self._create_folders(dc_info.vmFolder, f"OpenStack/{project}/Instances")
        order = Order(
            Identity(
                # The name becomes that of its folder, by which Nova's operations, and ours after a failure,
                # find the files. Nova renames the VM afterwards.
                name=instance.uuid,
                uuid=instance.uuid,
                annotation=metadata,
                manager=(constants.EXTENSION_KEY, constants.EXTENSION_TYPE_INSTANCE),
                extra_config={"nvp.vm-uuid": instance.uuid} | nic.marks(network_info),
            ),
            Shape(int(instance.flavor.vcpus), int(instance.flavor.memory_mb)),
            nic.read(self._session, self._cluster, network_info, image_info.vif_model),
            Destination(
                host=self._host,
                datastore=vutil.get_moref_value(datastore.ref),
                pool=vutil.get_moref_value(self._root_resource_pool),
                folder=vutil.get_moref_value(folder),
            ),
        )
        return vutil.get_moref(self._copy(order), "VirtualMachine")

    def _create_ephemeral(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: it was copied."""

    def _create_swap(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: it was copied."""


class _StayingOff:
    """Nova's session, for a build that ends with the VM powered off."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def _call_method(self, module: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "PowerOnVM_Task":
            # Nova takes it that the VM is in the state that it is to be in, and goes on.
            raise vexc.InvalidPowerStateException("left off, as asked for")
        return self._session._call_method(module, method, *args, **kwargs)
