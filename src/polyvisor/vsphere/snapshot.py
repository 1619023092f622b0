"""The snapshots of a VM. vCenter is the only truth: nothing about them is kept anywhere else.

Source of facts: vSphere Web Services API Reference, VirtualMachineSnapshotTree, VirtualMachineFileLayoutEx,
CreateSnapshot_Task, RemoveSnapshot_Task; Virtual Disk Development Kit, "Managed Disk and Linked Clones".
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final
from uuid import UUID, uuid5

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import Properties, find_vm, retrieve
from polyvisor.vsphere.naming import escape, unescape
from polyvisor.vsphere.session import Session, moref

DEEPEST: Final = 32
"""Snapshots in one chain; vCenter takes no more (vSphere, "Best Practices for VMware Snapshots")."""

_PROPERTIES: Final = (
    "config.instanceUuid",
    "guest.toolsRunningStatus",
    "layoutEx.disk",
    "layoutEx.file",
    "layoutEx.snapshot",
    "recentTask",
    "runtime.consolidationNeeded",
    "runtime.powerState",
    "snapshot.currentSnapshot",
    "snapshot.rootSnapshotList",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot of a VM.

    Attributes:
        id: unique over all vCenters, and the same as long as the VM stays in its vCenter's inventory.
        moref: its managed object, unique in its vCenter.
        created: ISO 8601, UTC, by vCenter's clock.
        state: that a revert brings the VM to: "poweredOn", "poweredOff" or "suspended".
        memory: whether it has the guest's memory.
        parent: id of the snapshot before it.
        children: ids of those that begin at it.
        current: whether the VM's present state began at it.
        size_bytes: what the datastores hold because of it: the guest's memory and state, and what the disks
            have changed after it up to the next snapshots, or up to now. None if vCenter does not tell.
    """

    id: str
    moref: str
    name: str
    description: str
    created: str
    state: str
    memory: bool
    quiesced: bool
    parent: str | None
    children: tuple[str, ...]
    current: bool
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """What is asked for in a snapshot.

    vCenter ignores `quiesce` where no VMware Tools run, or `memory` is asked for too, and does not say so.
    """

    name: str
    description: str
    memory: bool
    quiesce: bool


@dataclass(frozen=True, slots=True)
class Snapshots:
    """All snapshots of a VM, each before its children.

    Attributes:
        vm: moref.
        consolidation_needed: files of removed snapshots are still part of the disks.
        power_state: of the VM, now.
        tools_running: whether VMware Tools run in the guest, without which nothing is quiesced.
        tasks: morefs of the VM's tasks of the last minutes.
    """

    vm: str
    instance_uuid: str | None
    snapshots: tuple[Snapshot, ...]
    consolidation_needed: bool
    power_state: str
    tools_running: bool
    tasks: tuple[str, ...]

    def find(self, snapshot: str) -> Snapshot:
        """Find a snapshot of this VM, and of no other, by its id.

        Raises:
            NotFound: the VM has none with this id, or not any more.
        """
        found = next((one for one in self.snapshots if one.id == snapshot), None)
        if found is None:
            raise NotFound(f"{self.vm} has no snapshot {snapshot}, or not any more")
        return found

    def below(self, snapshot: str) -> frozenset[str]:
        """Give the ids of a snapshot and of all that come from it."""
        family = {snapshot}
        for one in self.snapshots:
            if one.parent in family:
                family.add(one.id)
        return frozenset(family)

    @property
    def depth(self) -> int:
        """How many snapshots are in the chain of the VM's present state."""
        by_id = {one.id: one for one in self.snapshots}
        above = next((one for one in self.snapshots if one.current), None)
        count = 0
        while above is not None:
            count += 1
            above = by_id.get(above.parent or "")
        return count


def read_snapshots(session: Session, vm: str) -> Snapshots:
    """Read all snapshots of a VM, in one call.

    Args:
        vm: its moref.

    Raises:
        NotFound: there is no such VM.
        VSphereError: as `Session.call` does.
    """
    managed = session.managed_object(vim.VirtualMachine, vm)
    found = retrieve(session, object_filter(managed, _PROPERTIES)).get(vm, {})
    if "runtime.powerState" not in found:
        raise NotFound(f"{session.endpoint}: {vm} cannot be read; is it being removed?")
    return Snapshots(
        vm=vm,
        instance_uuid=found.get("config.instanceUuid"),
        snapshots=tuple(_Reader(session, found).read()),
        consolidation_needed=bool(found.get("runtime.consolidationNeeded")),
        power_state=str(found["runtime.powerState"]),
        tools_running=found.get("guest.toolsRunningStatus") == "guestToolsRunning",
        tasks=tuple(moref(task) for task in found.get("recentTask", ())),
    )


def read_snapshots_of(session: Session, instance_uuid: str) -> Snapshots:
    """Read all snapshots of the VM of a server, in two calls.

    Raises:
        NotFound: no VM has this instance UUID.
        InvalidState: several have it.
        VSphereError: as `Session.call` does.
    """
    return read_snapshots(session, find_vm(session, instance_uuid))


def start_create(session: Session, vm: str, wanted: NewSnapshot) -> Any:
    """Start to take a snapshot of a VM (a moref); give the task, whose result is the snapshot."""
    managed = session.managed_object(vim.VirtualMachine, vm)
    return session.call(
        managed.CreateSnapshot_Task, escape(wanted.name), wanted.description, wanted.memory, wanted.quiesce
    )


def start_revert(session: Session, snapshot: str, *, host: str | None = None) -> Any:
    """Start to bring the VM of a snapshot (a moref) back to it; give the task.

    Args:
        host: moref of the ESXi host to power on on, if the snapshot is of a running VM; None leaves that to
            vCenter.
    """
    managed = session.managed_object(vim.vm.Snapshot, snapshot)
    where = session.managed_object(vim.HostSystem, host) if host else None
    return session.call(managed.RevertToSnapshot_Task, where)


def start_remove(session: Session, snapshot: str, *, children: bool) -> Any:
    """Start to remove a snapshot (a moref), which keeps the VM's present state; give the task."""
    managed = session.managed_object(vim.vm.Snapshot, snapshot)
    return session.call(managed.RemoveSnapshot_Task, children, True)


def start_remove_all(session: Session, vm: str) -> Any:
    """Start to remove all snapshots of a VM (a moref), which keeps its present state; give the task."""
    return session.call(session.managed_object(vim.VirtualMachine, vm).RemoveAllSnapshots_Task, True)


def start_consolidate(session: Session, vm: str) -> Any:
    """Start to merge what removed snapshots have left in the disks of a VM; give the task."""
    return session.call(session.managed_object(vim.VirtualMachine, vm).ConsolidateVMDisks_Task)


def snapshot_id(vcenter_uuid: str, snapshot: str) -> str:
    """Give the id by which the world knows a snapshot (a moref) of this vCenter."""
    return str(uuid5(UUID(vcenter_uuid), snapshot))


class _Reader:
    """Makes snapshots of what vCenter says of a VM."""

    def __init__(self, session: Session, vm: Properties) -> None:
        self._vcenter = session.vcenter_uuid
        self._vm = vm
        self._layouts = {moref(layout.key): layout for layout in vm.get("layoutEx.snapshot", ())}
        self._sizes = {file.key: int(file.size) for file in vm.get("layoutEx.file", ())}
        current = vm.get("snapshot.currentSnapshot")
        self._current = moref(current) if current is not None else None

    def read(self) -> Iterator[Snapshot]:
        # Without recursion: a chain that was brought here from elsewhere may be of any length.
        waiting: list[tuple[Any, str | None]] = [
            (tree, None) for tree in reversed(self._vm.get("snapshot.rootSnapshotList", ()))
        ]
        while waiting:
            tree, parent = waiting.pop()
            found = self._snapshot(tree, parent)
            yield found
            waiting += [(child, found.id) for child in reversed(tree.childSnapshotList)]

    def _snapshot(self, tree: Any, parent: str | None) -> Snapshot:
        key = moref(tree.snapshot)
        layout = self._layouts.get(key)
        return Snapshot(
            id=self._id(tree),
            moref=key,
            name=unescape(tree.name),
            description=str(tree.description or ""),
            created=tree.createTime.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            state=str(tree.state),
            # Without memory, vCenter gives what a revert leads to, not how the VM was: poweredOff.
            memory=_memory_key(layout) >= 0 if layout else tree.state != "poweredOff",
            quiesced=bool(tree.quiesced),
            parent=parent,
            children=tuple(self._id(child) for child in tree.childSnapshotList),
            current=key == self._current,
            size_bytes=self._size(tree, layout) if layout else None,
        )

    def _id(self, tree: Any) -> str:
        return snapshot_id(self._vcenter, moref(tree.snapshot))

    def _size(self, tree: Any, layout: Any) -> int:
        """Count a file for the snapshot after which it was begun: without it, the file would not be there."""
        after = [
            self._layouts[key].disk
            for child in tree.childSnapshotList
            if (key := moref(child.snapshot)) in self._layouts
        ]
        if moref(tree.snapshot) == self._current:
            after.append(self._vm.get("layoutEx.disk", ()))
        before = _files(layout.disk)
        changed = {
            file
            for disks in after
            for disk, files in _files(disks).items()
            for file in files - before.get(disk, files)
        }
        own = {layout.dataKey, _memory_key(layout)}
        return sum(self._sizes.get(file, 0) for file in changed | own)


def _memory_key(layout: Any) -> int:
    return -1 if layout.memoryKey is None else int(layout.memoryKey)


def _files(disks: Sequence[Any]) -> Mapping[int, frozenset[int]]:
    """Give the keys of all files of each disk."""
    return {disk.key: frozenset(file for unit in disk.chain for file in unit.fileKey) for disk in disks}
