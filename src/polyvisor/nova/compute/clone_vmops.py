# ruff: noqa: SLF001 - the hooks that Nova has for this begin with an underscore
"""Builds a server by copying the VM of another: Nova's own spawn, but for the making of the VM."""

from collections.abc import Callable
from typing import Any

import nova.conf
from nova.context import RequestContext
from nova.objects.instance import Instance
from nova.virt import configdrive, driver
from nova.virt.vmwareapi import constants
from nova.virt.vmwareapi import vmops as stock
from oslo_vmware import exceptions as vexc
from oslo_vmware import vim_util as vutil
from oslo_vmware.objects.datastore import Datastore
from typing_extensions import override

from polyvisor.nova.compute import nic
from polyvisor.nova.compute.place import Place
from polyvisor.nova.compute.vmops import VMwareVMOps
from polyvisor.vsphere.clone import Destination, Identity, Order, Shape
from polyvisor.vsphere.naming import escape

CONF = nova.conf.CONF

Copy = Callable[[Order], tuple[str, bool]]
"""Makes the VM, returns its moref, and tells whether it surely was powered on as ordered."""


class CloneVMOps(VMwareVMOps):
    """Nova's operations for one build, whose VM and local disks are copied. Volumes are attached as ever."""

    _session: Any
    _copy: Copy
    _place: Place
    _power_on: bool
    _at_once: bool

    @classmethod
    def of(cls, ops: VMwareVMOps, *, place: Place, copy: Copy, power_on: bool) -> "CloneVMOps":
        """Return these operations for one build."""
        clone = cls.__new__(cls)
        clone.__dict__.update(ops.at(place).__dict__)
        clone._copy, clone._place, clone._power_on = copy, place, power_on
        return clone

    @override
    def spawn(
        self,
        context: RequestContext,
        instance: Instance,
        image_meta: Any,
        injected_files: Any,
        admin_password: str | None,
        network_info: Any,
        block_device_info: Any = None,
    ) -> None:
        """Build the VM of a server. The image, which may be gone, is not asked for."""
        if not self._power_on:
            self._session = _NotStarting(self._session)
        # What is done to the VM between its copy and its start can be nothing: then vCenter does both in one.
        later = driver.block_device_info_get_mapping(block_device_info) or configdrive.required_by(instance)
        self._at_once = self._power_on and not (later or CONF.vnc.enabled or CONF.flat_injected)
        imageless = instance.obj_clone()
        imageless.image_ref = None
        super().spawn(
            context, imageless, image_meta, injected_files, admin_password, network_info, block_device_info
        )

    @override
    def _get_vm_config_info(self, instance: Instance, image_info: Any, extra_specs: Any) -> Any:
        if CONF.vmware.pbm_enabled:
            return super()._get_vm_config_info(instance, image_info, extra_specs)
        # Nova would read all datastores, and take the one that is known already.
        [store] = self._place.stores
        ref = vutil.get_moref(store.moref, "Datastore")
        datastore = Datastore(ref, escape(store.name), store.capacity_bytes, store.free_bytes)
        center = self.get_datacenter_ref_and_name(datastore.ref)
        return stock.VirtualMachineInstanceConfigInfo(
            instance, image_info, datastore, center, self._imagecache, extra_specs
        )

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
                host=self._place.host,
                datastore=vutil.get_moref_value(datastore.ref),
                pool=vutil.get_moref_value(self._root_resource_pool),
                folder=vutil.get_moref_value(folder),
            ),
            power_on=self._at_once,
        )
        vm, started = self._copy(order)
        if started:
            self._session = _NotStarting(self._session)
        return vutil.get_moref(vm, "VirtualMachine")

    def _create_ephemeral(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: it was copied."""

    def _create_swap(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: it was copied."""


class _NotStarting:
    """Nova's session, for a build that does not power the VM on."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def _call_method(self, module: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "PowerOnVM_Task":
            # Nova takes it that the VM is in the state that it is to be in, and goes on.
            raise vexc.InvalidPowerStateException("it is on already, or is left off as asked for")
        return self._session._call_method(module, method, *args, **kwargs)
