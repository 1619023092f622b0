"""Which VM can be taken over as a server, and which one that was can be let go of exactly as it was."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from polyvisor.vsphere.adoption import Machine, Record

_STATES = ("poweredOn", "poweredOff")


def against_taking(machine: Machine, instance_uuid: str) -> Iterator[str]:
    """Say what stands against taking a VM over, as sentences with the way out.

    Args:
        instance_uuid: of the VM that is meant.
    """
    name = f"VM {machine.name} ({machine.moref})"
    if machine.instance_uuid != instance_uuid.lower():
        yield (
            f"{name} has the instance UUID {machine.instance_uuid}, not {instance_uuid}. Discover it again."
        )
    if machine.record or "nvp.vm-uuid" in machine.options:
        server = machine.record.server if machine.record else machine.options["nvp.vm-uuid"]
        yield (
            f"{name} is, or is a copy of, the VM of server {server}. Release that server, or remove the keys "
            "nvp.* and polyvisor.* from the copy's advanced settings."
        )
    if machine.template:
        yield f"{name} is a template. Convert it to a virtual machine."
    if machine.connection_state != "connected":
        yield f"{name} is {machine.connection_state} in vCenter. Mend that first."
    if machine.power_state not in _STATES:
        yield f"{name} is {machine.power_state}. Power it on or off."
    if machine.fault_tolerance != "notConfigured":
        yield f"{name} is protected by Fault Tolerance. Turn that off."
    if machine.managed_by:
        yield f"{name} is managed by vCenter extension {machine.managed_by}. Release it there."


@dataclass(frozen=True, slots=True)
class Difference:
    """In what a VM would not be exactly as before, when it is let go of.

    Attributes:
        reason: a sentence with the way out.
        forcible: whether it can be let go of as it is: not with another's disk or address.
    """

    reason: str
    forcible: bool


def against_release(
    machine: Machine, record: Record, *, size: tuple[int, int], ports: Collection[str]
) -> Iterator[Difference]:
    """Say in what a VM would not be exactly as before.

    What was changed in vCenter since is not OpenStack's to undo, and stays: place, name, snapshots.

    Args:
        size: CPUs and MB of memory of the server's flavor.
        ports: MAC addresses of the server's ports.
    """
    if size != (record.cpus, record.memory_mb):
        yield Difference(
            f"It had {record.cpus} CPUs and {record.memory_mb} MB of memory when it was adopted, and was "
            f"resized to {size[0]} and {size[1]} since. Resize it back.",
            forcible=True,
        )
    yield from _devices(machine, record, ports)


def _devices(machine: Machine, record: Record, ports: Collection[str]) -> Iterator[Difference]:
    now, volumes = {nic.mac for nic in machine.nics}, _volumes(machine)
    for mac in sorted((now & set(ports)) - set(record.nics)):
        reason = f"The port with MAC address {mac} was attached since. Remove it from the server."
        yield Difference(reason, forcible=False)
    for mac in sorted(set(record.nics) - now):
        yield Difference(f"Its network adapter with MAC address {mac} was removed since.", forcible=True)
    for disk in sorted((volumes.keys() & set(machine.disk_ids)) - set(record.disks)):
        reason = f"Volume {volumes[disk]} was attached since. Remove it from the server."
        yield Difference(reason, forcible=False)
    for disk in sorted(set(record.disks) - set(machine.disk_ids)):
        yield Difference(f"Its disk {disk} was removed since. Attach that volume again.", forcible=True)


def _volumes(machine: Machine) -> dict[str, str]:
    """Give the volumes that Nova knows, by the UUIDs of their disks."""
    prefix = "volume-"
    return {uuid: key.removeprefix(prefix) for key, uuid in machine.options.items() if key.startswith(prefix)}
