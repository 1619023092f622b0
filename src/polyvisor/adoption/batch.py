"""Some VMs on their way through ports, volumes and server at the same time."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from polyvisor.adoption import prints
from polyvisor.adoption.errors import AdoptionError, reason_of
from polyvisor.adoption.job import Job
from polyvisor.adoption.journal import Vm
from polyvisor.adoption.message import say, together
from polyvisor.adoption.resources import port, server, ticket, volume
from polyvisor.adoption.resources.port import Ports
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.undo import undo
from polyvisor.adoption.work import Progress, Work
from polyvisor.message import Message, plain
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.fingerprint import Fingerprint
from polyvisor.vsphere.virtual_machine import VirtualMachine, read_virtual_machines

T = TypeVar("T")

#: What makes one VM fail, and no other.
EXPECTED: Final = (AdoptionError, VSphereError)
_PARALLEL: Final = 8


class Batch:
    """Adopts VMs, some at a time. Used by several threads."""

    def __init__(self, work: Work, ports: Ports, watch: Watch) -> None:
        self._work, self._ports, self._watch = work, ports, watch

    def run(self, jobs: Sequence[Job]) -> None:
        """Adopt VMs; each ends adopted, or failed and undone. The journal has the outcome."""
        started = time.monotonic()
        failed: dict[str, Message] = {}
        try:
            going = self._begin(jobs, failed)
            failed.update(self._ports.make(going))
            going = [job for job in going if job.id not in failed]
            servers = self._each(going, self._request, failed)
            self.finish(servers, started, failed)
        except EXPECTED as exc:
            # vCenter or Nova is away: it concerns all of them, but those that are through.
            adopted = {vm.id for vm in self._work.journal.vms().values() if vm.state == "adopted"}
            failed.update({job.id: reason_of(exc) for job in jobs if job.id not in {*failed, *adopted}})
        self.fail(failed)

    def resume(self, servers: Mapping[str, str]) -> None:
        """Wait for servers that were asked for before apply was killed (id of a VM -> id of the server)."""
        failed: dict[str, Message] = {}
        try:
            self._watch.ask(servers.values())
            self.finish(servers, time.monotonic(), failed)
        except EXPECTED as exc:
            failed.update(dict.fromkeys(servers, reason_of(exc)))
        self.fail(failed)

    def _begin(self, jobs: Sequence[Job], failed: dict[str, Message]) -> list[Job]:
        """Write down how the VMs are; whoever is not as judged a while ago is left alone."""
        before = prints.read(self._work, [job.id for job in jobs])
        present = self._read(jobs)
        for job in jobs:
            if job.id not in before or job.id not in present:
                failed[job.id] = say("vm_gone")
            elif changes := job.compare(present[job.id]):
                failed[job.id] = together(changes)
        going = [job for job in jobs if job.id not in failed]
        self._work.journal.note(
            *(Vm(job.id, "under way", None, _was(job, present[job.id], before[job.id])) for job in going)
        )
        for job in going:
            self._work.tell(job.id, say("begun"))
        return going

    def _read(self, jobs: Sequence[Job]) -> dict[str, VirtualMachine]:
        vcenters = {job.server.vcenter: self._work.session(job.id) for job in jobs}
        return {
            f"{uuid}:{moref}": vm
            for uuid, session in vcenters.items()
            for moref, vm in read_virtual_machines(
                session, [job.server.moref for job in jobs if job.server.vcenter == uuid]
            ).items()
        }

    def _request(self, job: Job) -> str:
        wanted = [disk for disk in job.server.volumes if disk.take]
        if wanted:
            self._work.tell(job.id, say("making_volumes", count=len(wanted)))
        volumes = volume.make(self._work, job, wanted)
        ports = {
            thing.key.removeprefix("NIC "): str(thing.id)
            for thing in self._work.journal.things(job.id, port.KIND)
        }
        secret = ticket.make(self._work, job)
        self._work.tell(job.id, say("asking_nova"))
        return server.make(self._work, job, ports, volumes, secret.get_secret_value())

    def _each(self, jobs: Sequence[Job], do: Callable[[Job], T], failed: dict[str, Message]) -> dict[str, T]:
        """Do something for each, several at a time; give the results of those that succeeded."""

        def attempt(job: Job) -> T | None:
            try:
                return do(job)
            except EXPECTED as exc:
                failed[job.id] = reason_of(exc)
                return None

        with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="adopt") as pool:
            done = list(pool.map(attempt, jobs))
        return {job.id: item for job, item in zip(jobs, done, strict=True) if job.id not in failed}  # type: ignore[misc]

    def finish(self, servers: Mapping[str, str], started: float, failed: dict[str, Message]) -> None:
        """Wait for servers (id of a VM -> id of the server), and see that the VMs are as before."""
        owners = {server_id: vm for vm, server_id in servers.items()}
        ended = self._watch.wait(owners, self._work.patience, {"built", "error", "gone"})
        built = {owner: id_ for id_, owner in owners.items() if ended.get(id_) == "built"}
        for id_, owner in owners.items():
            if owner not in built:
                failed[owner] = self._reason(id_, ended.get(id_))
        after, known = prints.read(self._work, built), self._work.journal.vms()
        for vm, id_ in built.items():
            was, is_now = prints.before(known[vm]), after.get(vm)
            changes = fingerprint.difference(was, is_now) if was and is_now else []
            seconds = round(time.monotonic() - started, 1)
            self._work.journal.note(
                Vm(vm, "adopted", None, {"server": id_, "seconds": seconds, "changed": changes})
            )
            for ticket_ in self._work.journal.things(vm, ticket.KIND):
                self._work.journal.forget(ticket_)
            self._work.on_progress(Progress(vm, say("became_server", server=id_), "adopted"))

    def _reason(self, server_id: str, state: str | None) -> Message:
        if state is None:
            return say("server_late", server=server_id, seconds=f"{self._work.patience:g}")
        return server.fault(self._work, server_id)

    def fail(self, failed: Mapping[str, Message]) -> None:
        """Undo what failed, and say why it did."""
        if not failed:
            return
        self._work.journal.note(*(Vm(vm, "undoing", why) for vm, why in failed.items()))
        left = undo(self._work, self._watch, failed)
        for vm, why in failed.items():
            rest = left.get(vm)
            state = Vm(vm, "undoing" if rest else "failed", why, {"left": plain(rest) if rest else None})
            self._work.journal.note(state)
            said = say("not_undone", reason=why, left=rest) if rest else why
            self._work.on_progress(Progress(vm, said, "failed"))


def _was(job: Job, vm: VirtualMachine, before: Fingerprint) -> dict[str, object]:
    """What is to be known later of how a VM was."""
    snapshots = [snapshot.name for snapshot in vm.snapshots]
    flavor = job.server.flavor
    return {prints.BEFORE: prints.pack(before), "host": vm.host, "snapshots": snapshots, "flavor": flavor}
