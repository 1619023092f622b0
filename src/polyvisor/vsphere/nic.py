"""Network cards of a VM, as they are given to it."""

from dataclasses import dataclass
from typing import Any, Final

from pyVmomi import vim

_MODELS: Final = {
    "VirtualE1000": vim.vm.device.VirtualE1000,
    "VirtualE1000e": vim.vm.device.VirtualE1000e,
    "VirtualPCNet32": vim.vm.device.VirtualPCNet32,
    "VirtualVmxnet": vim.vm.device.VirtualVmxnet,
    "VirtualVmxnet3": vim.vm.device.VirtualVmxnet3,
    "VirtualSriovEthernetCard": vim.vm.device.VirtualSriovEthernetCard,
}


@dataclass(frozen=True, slots=True)
class Nic:
    """A network card: its address, and the port group that it is on.

    Attributes:
        mac: MAC address.
        port_group: name of a standard port group, or key of a distributed one.
        switch: UUID of the distributed switch; None for a standard port group.
        port: key of the port of the distributed switch, where one is prescribed.
        model: vSphere's name of the device type, for example "VirtualVmxnet3".
    """

    mac: str
    port_group: str
    switch: str | None = None
    port: str | None = None
    model: str = "VirtualVmxnet3"

    def new_card(self, *, key: int) -> Any:
        """Make a card; a negative key is replaced by vCenter."""
        return self.applied_to(_MODELS[self.model](key=key))

    def applied_to(self, card: Any) -> Any:
        """Return a card of the same type, key and slot with this address on this port group."""
        return type(card)(
            key=card.key,
            controllerKey=card.controllerKey,
            unitNumber=card.unitNumber,
            slotInfo=card.slotInfo,
            resourceAllocation=card.resourceAllocation,
            addressType="manual",
            macAddress=self.mac,
            wakeOnLanEnabled=True,
            backing=self._backing(),
            connectable=vim.vm.device.VirtualDevice.ConnectInfo(
                startConnected=True, allowGuestControl=True, connected=True
            ),
        )

    def _backing(self) -> Any:
        if self.switch is None:
            return vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=self.port_group)
        return vim.vm.device.VirtualEthernetCard.DistributedVirtualPortBackingInfo(
            port=vim.dvs.PortConnection(
                switchUuid=self.switch, portgroupKey=self.port_group, portKey=self.port
            )
        )
