"""A fingerprint of a VM's configuration: all that somebody has set, and nothing that changes by itself.

It is taken before and after a VM is adopted or released, and shows that nothing else was changed.
Source of facts: vSphere Web Services API Reference, VirtualMachineConfigInfo.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Any, Final

from pyVmomi import vim
from pyVmomi.VmomiSupport import DataObject, ManagedObject

from polyvisor.vsphere import ticket
from polyvisor.vsphere.collector import objects_filter
from polyvisor.vsphere.inventory import retrieve
from polyvisor.vsphere.session import Session, moref

# fmt: off
_CONFIG: Final = (
    "alternateGuestName", "annotation", "bootOptions", "consolePreferences", "cpuAffinity", "cpuAllocation",
    "cpuFeatureMask", "cpuHotAddEnabled", "cpuHotRemoveEnabled", "defaultPowerOps", "extraConfig", "files",
    "firmware", "flags", "guestId", "hardware", "instanceUuid", "keyId", "latencySensitivity", "managedBy",
    "maxMksConnections", "memoryAffinity", "memoryAllocation", "memoryHotAddEnabled",
    "memoryReservationLockedToMax", "messageBusTunnelEnabled", "name", "nestedHVEnabled", "networkShaper",
    "npivWorldWideNameType", "scheduledHardwareUpgradeInfo", "swapPlacement", "template", "tools", "uuid",
    "vAppConfig", "vPMCEnabled", "version",
)
# fmt: on
_PROPERTIES: Final = ("name", "parent", "parentVApp", "customValue", *(f"config.{each}" for each in _CONFIG))

#: By the end of their paths: what the host and vCenter write while the VM runs or moves.
_VOLATILE: Final = (
    ".deviceInfo.summary",
    ".connectable.connected",
    ".connectable.status",
    ".port.connectionCookie",
    ".port.portKey",
    ".tools.lastInstallInfo",
    ".tools.toolsInstallType",
    ".tools.toolsVersion",
    ".tools.pendingCustomization",
)
#: Keys of extraConfig that ESXi, vCenter or VMware Tools keep for themselves.
_RUNTIME: Final = (
    "cpuid.",
    "guestinfo.",
    "guestOS.",
    "hpet0.",
    "migrate.",
    "monitor.",
    "numa.autosize.",
    "nvram",
    "sched.swap.derivedName",
    "softPowerOff",
    "svga.",
    "toolsInstallManager.",
    "tools.remindInstall",
    "vmotion.",
    "vmware.tools.",
    "vmxstats.",
)
#: What adoption may change, and release must restore.
_IDENTITY: Final = ("nvp.", "polyvisor.", "volume-")
_CONSOLE: Final = "RemoteDisplay.vnc."
_OPTION: Final = "config.extraConfig."
_INSTANCE_UUID: Final = "config.instanceUuid"
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The configuration of a VM, flat: path -> value.

    Devices are named by their keys and options by theirs, as ``config.hardware.device[4000].macAddress`` and
    ``config.extraConfig.disk.EnableUUID``. JSON-able.
    """

    values: dict[str, str]

    @property
    def digest(self) -> str:
        """Short for all of it, identity included."""
        return sha256(json.dumps(self.values, sort_keys=True).encode()).hexdigest()


def read(session: Session, morefs: Collection[str]) -> dict[str, Fingerprint]:
    """Read the fingerprints of VMs in bulk; VMs that are gone are missing.

    Raises:
        VSphereError: as `Session.call` does.
    """
    vms = [session.managed_object(vim.VirtualMachine, key) for key in morefs]
    if not vms:
        return {}
    spec = objects_filter(vms, vim.VirtualMachine, _PROPERTIES)
    return {
        key: Fingerprint(dict(sorted(_flat(props))))
        for key, props in retrieve(session, spec, page_size=_PAGE).items()
        if "name" in props
    }


_PAGE: Final = 200


def difference(a: Fingerprint, b: Fingerprint, *, exact: bool = False, console: bool = False) -> list[str]:
    """Say in which settings two fingerprints differ, a line for each; equal ones give none.

    Args:
        exact: compare also what adoption changes: identity, ticket, record. So it is after a release.
        console: leave out the console setting too, as of a VM that was adopted with it.
    """
    return [
        f"{path}: {_short(a.values.get(path))} -> {_short(b.values.get(path))}"
        for path in sorted(a.values.keys() | b.values.keys())
        if a.values.get(path) != b.values.get(path) and (exact or not _is_ours(path, console=console))
    ]


def _is_ours(path: str, *, console: bool) -> bool:
    option = path.removeprefix(_OPTION) if path.startswith(_OPTION) else ""
    return path == _INSTANCE_UUID or option.startswith(_IDENTITY) or (console and option.startswith(_CONSOLE))


def _short(value: str | None) -> str:
    if value is None:
        return "(unset)"
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"


def _flat(props: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, value in props.items():
        if path == "config.extraConfig":
            yield from _options(value)
        else:
            yield from _leaves(path, value)


def _options(options: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Give the options; a ticket is no setting, and one with an empty value is as good as none."""
    for option in options:
        key = str(option.key)
        if key != ticket.KEY and not key.startswith(_RUNTIME) and str(option.value):
            yield f"{_OPTION}{key}", str(option.value)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None or path.endswith(_VOLATILE):
        return
    if isinstance(value, DataObject):
        yield f"{path}.type", type(value).__name__
        for each in value._GetPropertyList():  # noqa: SLF001 - pyVmomi has no public name for it
            yield from _leaves(f"{path}.{each.name}", getattr(value, each.name))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _leaves(f"{path}[{getattr(each, 'key', number)}]", each)
    else:
        yield path, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, ManagedObject):
        return moref(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)
