"""Chooses where a server goes, and says of each candidate why or why not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from openstack import exceptions as sdk
from sqlalchemy import select

from polyvisor.message import Message
from polyvisor.op.clouds import faults
from polyvisor.op.db.models import Cloud, Project, Tenant
from polyvisor.op.db.models.project import ProjectState
from polyvisor.op.identity.access import Access
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Problem
from polyvisor.op.rights import Right
from polyvisor.op.scheduling import facts, reservation
from polyvisor.op.scheduling.candidate import Candidate, Verdict, Wanted
from polyvisor.op.scheduling.filters import FILTERS
from polyvisor.op.scheduling.weighers import WEIGHERS
from polyvisor.op.vault import VaultError

_THREADS = 16


def consider(
    platform: Platform, access: Access, wanted: Wanted, failed: Mapping[str, Message] | None = None
) -> list[Verdict]:
    """All candidates with their verdicts, the best first; ``failed`` are those that were tried, and why."""
    found = _find(platform, access, wanted)
    with platform.database.read() as session:
        found = [reservation.less_reserved(session, one) for one in found]
    return judge(wanted, found, failed or {})


def judge(wanted: Wanted, found: Sequence[Candidate], failed: Mapping[str, Message]) -> list[Verdict]:
    """Filter, and weigh what is left."""
    refused, left = [], []
    for candidate in found:
        if candidate.key in failed:
            refused.append(Verdict(candidate, False, failed[candidate.key], "tried"))
        elif verdict := _refusal(wanted, candidate):
            refused.append(verdict)
        else:
            left.append(candidate)
    return [*_weigh(wanted, left), *refused]


def _refusal(wanted: Wanted, candidate: Candidate) -> Verdict | None:
    for check in FILTERS:
        if reason := check(wanted, candidate):
            return Verdict(candidate, False, reason, check.__name__)
    return None


def _weigh(wanted: Wanted, left: Sequence[Candidate]) -> list[Verdict]:
    marks = {name: (weigh(wanted, left), factor) for name, (weigh, factor) in WEIGHERS.items()}
    verdicts = []
    for place, candidate in enumerate(left):
        parts = {name: round(given[place] * factor, 4) for name, (given, factor) in marks.items()}
        verdicts.append(Verdict(candidate, True, score=round(sum(parts.values()), 4), weights=parts))
    # The name last, so that the same question has the same answer.
    return sorted(verdicts, key=lambda one: (-(one.score or 0), one.candidate.cloud, one.candidate.key))


def _find(platform: Platform, access: Access, wanted: Wanted) -> list[Candidate]:
    """The candidates of all clouds where the tenant has a project; the clouds are asked at the same time."""
    with platform.database.read() as session:
        tenant = session.get_one(Tenant, wanted.tenant_id)
        statement = select(Project, Cloud).join(Cloud, Cloud.id == Project.cloud_id)
        rows = list(session.execute(statement.where(Project.tenant_id == tenant.id)))
    bases = [_base(access, tenant, cloud, project) for project, cloud in rows]
    with ThreadPoolExecutor(_THREADS) as pool:
        return [one for found in pool.map(lambda base: _ask(platform, wanted, base), bases) for one in found]


def _base(access: Access, tenant: Tenant, cloud: Cloud, project: Project) -> Candidate:
    fault = None
    if project.state != ProjectState.READY:
        fault = say("project_is", project=project.name, state=project.state, reason=project.why_not)
    return Candidate(
        cloud_id=cloud.id,
        cloud=cloud.name,
        project_id=project.id,
        fault=fault,
        allowed=access.allows(Right.SERVER_CREATE, tenant.node, cloud.node),
        draining=cloud.draining,
        plugin=bool((cloud.capabilities.get("polyvisor") or {}).get("compute")),
    )


def _ask(platform: Platform, wanted: Wanted, base: Candidate) -> Collection[Candidate]:
    """The candidates of one cloud, or one that says why it cannot be asked."""
    wrong = base.fault or not base.allowed or base.draining
    if wrong or wanted.cloud_id not in {None, base.cloud_id}:
        return [base]
    clouds = platform.clouds
    try:
        project = clouds.run(
            base.cloud_id, lambda cloud: facts.of_project(cloud, wanted), project_id=base.project_id
        )
        groups = clouds.run(base.cloud_id, facts.of_hosts)
        room = None
        if (flavor := project.flavor) is not None:
            room = clouds.run(base.cloud_id, lambda cloud: facts.of_room(cloud, flavor.size))
    except (Problem, VaultError, sdk.SDKException) as fault:
        return [replace(base, fault=faults.reason(fault))]
    return facts.candidates(base, project, groups, room)
