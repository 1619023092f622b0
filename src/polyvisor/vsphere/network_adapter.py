"""Network adapters of a VM, and what VMware Tools say of their addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

from polyvisor.vsphere.session import moref

_device: Final = vim.vm.device
_ADAPTERS: Final[tuple[tuple[type, str], ...]] = (
    (_device.VirtualVmxnet3Vrdma, "vmxnet3vrdma"),
    (_device.VirtualVmxnet3, "vmxnet3"),
    (_device.VirtualVmxnet2, "vmxnet2"),
    (_device.VirtualE1000e, "e1000e"),
    (_device.VirtualE1000, "e1000"),
    (_device.VirtualPCNet32, "pcnet32"),
    (_device.VirtualSriovEthernetCard, "sriov"),
)
_Distributed: Final = _device.VirtualEthernetCard.DistributedVirtualPortBackingInfo
_Standard: Final = _device.VirtualEthernetCard.NetworkBackingInfo
_Opaque: Final = _device.VirtualEthernetCard.OpaqueNetworkBackingInfo


@dataclass(frozen=True, slots=True)
class NetworkAdapter:
    """One network adapter.

    Source of facts: vSphere Web Services API, VirtualEthernetCard and GuestNicInfo.

    Attributes:
        key: of the device within its VM.
        mac: lower case.
        adapter: vmxnet3, e1000e, e1000, pcnet32, vmxnet2, sriov and so on; or unknown.
        backing: distributed, standard, opaque or none.
        network: what the backing names: the key of a distributed port group, the name of a standard one, the
            id of an opaque network; empty for none.
        switch_uuid: of the distributed switch.
        connected: now, in a VM that runs.
        addresses: as VMware Tools report them, with the length of the prefix if they know it, for example
            "192.0.2.5/24"; link-local ones too.
    """

    key: int
    label: str
    mac: str
    adapter: str
    backing: str
    network: str
    switch_uuid: str | None
    connected: bool
    start_connected: bool
    addresses: tuple[str, ...]


def network_adapters(devices: Sequence[Any], guest: Sequence[Any] = ()) -> tuple[NetworkAdapter, ...]:
    """Pick the adapters out of a VM's devices, in the order of their keys.

    Args:
        guest: the `guest.net` of the VM.
    """
    addresses = {info.deviceConfigId: _addresses(info) for info in guest}
    found = [_nic(device, addresses) for device in devices if isinstance(device, _device.VirtualEthernetCard)]
    return tuple(sorted(found, key=lambda nic: nic.key))


def _nic(device: Any, addresses: Mapping[int, tuple[str, ...]]) -> NetworkAdapter:
    backing, network, switch = _backing(device.backing)
    plug = device.connectable
    return NetworkAdapter(
        key=int(device.key),
        label=str(device.deviceInfo.label) if device.deviceInfo else "",
        mac=str(device.macAddress or "").lower(),
        adapter=next((name for kind, name in _ADAPTERS if isinstance(device, kind)), "unknown"),
        backing=backing,
        network=network,
        switch_uuid=switch,
        connected=bool(plug and plug.connected),
        start_connected=bool(plug and plug.startConnected),
        addresses=addresses.get(device.key, ()),
    )


def _backing(backing: Any) -> tuple[str, str, str | None]:
    if isinstance(backing, _Distributed):
        return "distributed", str(backing.port.portgroupKey or ""), backing.port.switchUuid
    if isinstance(backing, _Standard):
        return "standard", str(backing.deviceName), None
    if isinstance(backing, _Opaque):
        return "opaque", str(backing.opaqueNetworkId), None
    return "none", moref(backing.network) if getattr(backing, "network", None) else "", None


def _addresses(info: Any) -> tuple[str, ...]:
    known = info.ipConfig.ipAddress if info.ipConfig else ()
    if known:
        return tuple(f"{item.ipAddress}/{item.prefixLength}" for item in known)
    return tuple(info.ipAddress or ())
