"""Apply a plan: its ready VMs become servers, in place. What was begun before is ended first."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from polyvisor.adoption.batch import Batch
from polyvisor.adoption.checks import Subject
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.cloud_reader import read_cloud, read_rooms
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.journal import Journal, Vm
from polyvisor.adoption.judgement import Judgement, judge_anew
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Plan, Server
from polyvisor.adoption.preparation import Preparation
from polyvisor.adoption.prune import prune
from polyvisor.adoption.resources import server as servers
from polyvisor.adoption.resources.port import Ports
from polyvisor.adoption.resources.server import Watch
from polyvisor.adoption.settle import settle
from polyvisor.adoption.work import PATIENCE, OnProgress, Progress, Work
from polyvisor.message import Message
from polyvisor.vsphere.session import Session

#: VMs under way at a time. Nova builds ten at a time in each cluster (max_concurrent_builds).
PARALLEL: Final = 32
_BATCHES: Final = 4
_NOT_ANEW: Final = {"under way", "adopted", "undoing", "releasing"}


@dataclass
class Outcome:
    """What became of the VMs.

    Attributes:
        adopted: id of a VM -> id of its server, earlier applications of the plan included.
        failed: id -> why; nothing of it is left, unless `left` says so.
        refused: id -> why it was not begun with: it is otherwise in vCenter or OpenStack than in the plan.
        waiting: ids of VMs that would be begun with; of a dry run only.
        left: id of a VM, or "kind key" -> what could not be removed yet.
        changed: id -> settings of an adopted VM that changed beside its identity.
    """

    adopted: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Message] = field(default_factory=dict)
    refused: dict[str, Message] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    left: dict[str, Message] = field(default_factory=dict)
    changed: dict[str, Sequence[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every VM that could be adopted is, as it was."""
        return not (self.failed or self.refused or self.left or self.changed)


def apply(  # noqa: PLR0913 - what a service decides
    plan: Plan,
    clouds: Clouds,
    vcenters: Mapping[str, Session],
    journal: Journal,
    on_progress: OnProgress = lambda _progress: None,
    *,
    only: Collection[str] | None = None,
    parallel: int = PARALLEL,
    patience: float = PATIENCE,
    dry_run: bool = False,
) -> Outcome:
    """Adopt the VMs that are ready. Whoever calls this holds `journal.exclusive`.

    Args:
        vcenters: instance UUID -> session; all that VMs of the plan are in.
        on_progress: is told of each step, from several threads.
        only: ids of VMs; default: all that are ready.
        parallel: VMs under way at a time.
        patience: seconds for a service to do one thing for one VM; what takes longer is undone.
        dry_run: judge, and change nothing.

    Raises:
        AdoptionError: OpenStack cannot be read, or a right is missing. Nothing was changed.
        VSphereError: a vCenter cannot be read. Nothing was changed.
    """
    work = Work(clouds, vcenters, journal, on_progress, patience)
    wanted = [server for server in plan.ready() if only is None or server.id in only]
    watch = Watch(work)
    if not dry_run:
        settle(work, watch)
        _resume(work, watch, wanted)
    states = {vm: item.state for vm, item in journal.vms().items()}
    todo = [item for item in wanted if states.get(item.id) not in _NOT_ANEW]
    cloud, judgement = _judge(work, plan, todo)
    preparation = Preparation(work, plan, cloud)
    preparation.check(judgement.subjects)
    if dry_run:
        ready = tuple(item.server.id for item in judgement.subjects)
        return Outcome(refused=dict(judgement.refused), waiting=ready)
    journal.note(*(Vm(vm, "left alone", why) for vm, why in judgement.refused.items()))
    _run(work, watch, preparation, judgement.subjects, parallel)
    left = prune(work)
    return _outcome(work, wanted, judgement, left)


def _resume(work: Work, watch: Watch, wanted: Sequence[Server]) -> None:
    """Wait for the servers that Nova was building when apply was killed. Those it has lost are undone, and
    their VMs begin anew.
    """
    vms = work.journal.vms()
    under_way = {vm.id for vm in vms.values() if vm.state == "under way"}
    known = {
        server.id: str(thing.id)
        for server in wanted
        if server.id in under_way
        for thing in work.journal.things(server.id, servers.KIND)
    }
    if known:
        Batch(work, Ports(work), watch).resume(known)


def _judge(work: Work, plan: Plan, todo: Sequence[Server]) -> tuple[Cloud, Judgement]:
    if not todo:
        return Cloud(), Judgement([], {})
    work.tell("vCenter", say("reading"))
    uuids = sorted({server.vcenter for server in todo})
    discoveries = [work.discover(uuid) for uuid in uuids]
    work.tell("OpenStack", say("reading"))
    admin: Any = work.clouds.admin
    cloud = read_cloud(admin)
    work.tell("checks", say("running"))
    judgement = judge_anew(plan, todo, discoveries, cloud, lambda projects: read_rooms(admin, projects))
    for vm, why in judgement.refused.items():
        work.on_progress(Progress(vm, why, "left alone"))
    return cloud, judgement


def _run(
    work: Work, watch: Watch, preparation: Preparation, subjects: Sequence[Subject], parallel: int
) -> None:
    prepared = preparation.prepare(subjects)
    batch = Batch(work, Ports(work), watch)
    batch.fail(prepared.failed)
    size = max(parallel // _BATCHES, 1)
    jobs = prepared.jobs
    batches = [jobs[start : start + size] for start in range(0, len(jobs), size)]
    with ThreadPoolExecutor(min(_BATCHES, parallel), thread_name_prefix="batch") as pool:
        running = [pool.submit(batch.run, jobs) for jobs in batches]
        try:
            for future in running:
                future.result()
        except BaseException:
            # What is under way is ended; the rest is for the next time.
            pool.shutdown(cancel_futures=True)
            raise


def _outcome(
    work: Work, wanted: Sequence[Server], judgement: Judgement, left: Mapping[str, Message]
) -> Outcome:
    outcome = Outcome(refused=dict(judgement.refused), left=dict(left))
    vms = work.journal.vms()
    for vm in (vms[server.id] for server in wanted if server.id in vms):
        if vm.state == "adopted":
            outcome.adopted[vm.id] = vm.details["server"]
            if vm.details.get("changed"):
                outcome.changed[vm.id] = vm.details["changed"]
        elif vm.id not in outcome.refused:
            outcome.failed[vm.id] = vm.reason or say("being_released")
            if vm.left:
                outcome.left[vm.id] = vm.left
    return outcome
