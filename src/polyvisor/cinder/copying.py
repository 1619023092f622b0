"""Copies of attached disks, which the stock driver makes by cloning the server's VM without its other disks.

The copy would be on the server's networks, with its MAC addresses, and bear the server's identity.
"""

from typing import Any

from cinder.volume.drivers.vmware import volumeops as stock
from oslo_vmware import vim_util
from typing_extensions import override

#: Beginnings of the keys by which Nova knows a VM, its ports and its volumes.
_IDENTITY = ("nvp.", "volume-")


class VMwareVolumeOps(stock.VMwareVolumeOps):
    """Cinder's operations, whose copies of attached disks are nothing but that."""

    @override
    def _get_clone_spec(
        self, datastore: Any, disk_move_type: Any, snapshot: Any, backing: Any, *args: Any, **kwargs: Any
    ) -> Any:
        spec = super()._get_clone_spec(datastore, disk_move_type, snapshot, backing, *args, **kwargs)
        if kwargs.get("disks_to_clone"):
            props = self._session.invoke_api(
                vim_util,
                "get_object_properties_dict",
                self._session.vim,
                backing,
                ["config.extraConfig", "config.hardware.device"],
            )
            spec.config.deviceChange += self._without_nics(props)
            spec.config.extraConfig = self._without_identity(props)
        return spec

    def _without_nics(self, props: dict[str, Any]) -> list[Any]:
        devices = props["config.hardware.device"].VirtualDevice
        nics = [device for device in devices if hasattr(device, "macAddress")]
        return [self._create_spec_for_disk_remove(nic) for nic in nics]

    def _without_identity(self, props: dict[str, Any]) -> list[Any]:
        found = props.get("config.extraConfig")
        keys = [option.key for option in found.OptionValue] if found else []
        removed = dict.fromkeys((key for key in keys if key.startswith(_IDENTITY)), "")
        return list(self._get_extra_config_option_values(removed))
