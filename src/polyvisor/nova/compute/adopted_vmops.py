# ruff: noqa: SLF001 - Nova names the methods of its session so
"""Operations on VMs that were adopted: Nova's own, without what they do to disks by their names.

Nova takes every disk with "swap" or "ephemeral" in its path for one that it made, and a file
``original.vmdk`` in the VM's folder for the root disk before a resize, and deletes them. It takes the root
disk off the VM and attaches it again, and rewrites annotation and shares. In a VM that Nova did not make, all
of that is somebody's.
"""

from typing import Any

from nova.objects.instance import Instance
from typing_extensions import override

from polyvisor.nova.compute.vmops import VMwareVMOps


class AdoptedVMOps(VMwareVMOps):
    """Nova's operations, for servers whose VM was there before."""

    _session: Any

    @classmethod
    def of(cls, ops: VMwareVMOps) -> "AdoptedVMOps":
        """Return these operations."""
        adopted = cls.__new__(cls)
        adopted.__dict__.update(ops.__dict__)
        adopted._session = _KeepingShares(ops._session)
        return adopted

    def _get_instance_metadata(self, *_args: Any, **_kwargs: Any) -> None:
        """Return nothing, so that the annotation stays."""

    def _resize_disk(self, *_args: Any, **_kwargs: Any) -> None:
        """Leave the disk where it is; the driver has refused a larger one."""

    def _revert_migration_update_disks(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing: the disks were not touched."""

    def _remove_ephemerals_and_swap(self, vm_ref: Any) -> None:
        """Do nothing: there are none of Nova's."""

    def _resize_create_ephemerals_and_swap(self, *_args: Any, **_kwargs: Any) -> None:
        """Do nothing; the driver has refused flavors with them."""

    @override
    def confirm_migration(self, migration: Any, instance: Instance, network_info: Any) -> None:
        """Do nothing: there is no former root disk."""


class _KeepingShares:
    """Nova's session, which leaves the VM its shares, limits and reservations of CPU."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def _call_method(self, module: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if method == "ReconfigVM_Task":
            kwargs["spec"].cpuAllocation = None
        return self._session._call_method(module, method, *args, **kwargs)
