"""/adoptions/{id}/vms: what was found about VMs, what is decided about them, how far they are."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints
from sqlalchemy.orm import Session

from polyvisor.adoption.checks import registry
from polyvisor.adoption.journal import VmState
from polyvisor.adoption.plan import Finding, Server, Severity, State
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.adoption import decision
from polyvisor.op.adoption import plan as plans
from polyvisor.op.adoption.apply import VmId
from polyvisor.op.adoption.journal import vm_of
from polyvisor.op.adoption.plan import Search
from polyvisor.op.api.dependencies import Reading, TheCaller, TheSlice, Writing
from polyvisor.op.api.problems import documented
from polyvisor.op.api.routers.adoption import MANAGE, READ, AdoptionId
from polyvisor.op.api.schemas.adoption import (
    DecisionIn,
    DifferenceOut,
    FindingOut,
    FolderOut,
    FoldersOut,
    ProgressOut,
    VmOut,
    VmPage,
    VmsOut,
)
from polyvisor.op.api.schemas.base import Line, MessageOut
from polyvisor.op.db.models import Adoption, AdoptionDocument, JournalVm
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory.found import Ref
from polyvisor.op.message import say
from polyvisor.op.problem import Invalid

router = APIRouter(prefix="/adoptions/{adoption_id}", tags=["adoption"])
Folder = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")]
_OF_ONE = ("server", "ports", "volumes")


@router.get("/vms", dependencies=[READ], responses=documented(404))
def list_adoption_vms(  # noqa: PLR0913, PLR0917 - one for each field that can be asked for
    session: Reading,
    adoption_id: AdoptionId,
    part: TheSlice,
    q: Annotated[
        Line, Query(description="Words in paths, names, addresses, MACs, guests, projects; parts will do.")
    ] = "",
    folder: Annotated[Folder | None, Query(description="Only in it, and below.")] = None,
    state: Annotated[State | None, Query(description="Of the plan.")] = None,
    severity: Annotated[Severity | None, Query(description="Only with such a finding.")] = None,
    check: Annotated[Line | None, Query(description="Only with a finding of this check.")] = None,
    progress: Annotated[VmState | None, Query(description="Only as far as this.")] = None,
    differing: Annotated[bool, Query(description="Only those about which `verify` found something.")] = False,
) -> VmPage:
    """VMs of the plan with facts, findings and decisions, by path."""
    adoption = adoptions.get(session, adoption_id)
    wanted = Search(q, folder, state, severity, check, progress, differing)
    rows, cursor, total = plans.find(session, adoption, wanted, part)
    return VmPage(items=show(session, adoption, rows), next=cursor, total=total)


@router.get("/vms/{vm_id}", dependencies=[READ], responses=documented(404))
def show_adoption_vm(
    session: Reading, adoption_id: AdoptionId, vm_id: Annotated[VmId, Path(description="Of a VM.")]
) -> VmOut:
    """One VM of the plan."""
    adoption = adoptions.get(session, adoption_id)
    return show(session, adoption, [plans.get(session, adoption, "server", vm_id)])[0]


@router.patch("/vms", dependencies=[MANAGE], responses=documented(404, 409))
def decide_adoption_vms(
    session: Writing, caller: TheCaller, adoption_id: AdoptionId, wanted: DecisionIn
) -> VmsOut:
    """Decide about VMs. What is decided stays when it is planned again, which checks it anew."""
    adoption = adoptions.get(session, adoption_id, lock=True)
    given = wanted.model_dump(mode="json", exclude_unset=True, exclude={"vms"})
    if len(wanted.vms) > 1 and (named := given.keys() & set(_OF_ONE)):
        raise Invalid(f"body.{min(named)}", say("decides_one"))
    if tenant_id := given.pop("tenant_id", None):
        if given.get("project"):
            raise Invalid("body.tenant_id", say("either_tenant_or_project"))
        given["project"] = decision.project_of(session, adoption, tenant_id)
    _refuse_none(given, "server")
    rows = decision.decide(session, caller.actor, adoption, list(dict.fromkeys(wanted.vms)), given)
    return VmsOut(items=show(session, adoption, rows))


@router.get("/folders", dependencies=[READ], responses=documented(404))
def list_adoption_folders(session: Reading, adoption_id: AdoptionId) -> FoldersOut:
    """vCenter's folders in which VMs of the plan are."""
    found = plans.folders(session, adoptions.get(session, adoption_id))
    return FoldersOut(items=[FolderOut(path=path, vms=number) for path, number in found])


def _refuse_none(given: dict[str, Any], name: str) -> None:
    if name in given and given[name] is None:
        raise Invalid(f"body.{name}", say("not_null"))


def show(session: Session, adoption: Adoption, rows: list[AdoptionDocument]) -> list[VmOut]:
    """VMs as they are shown."""
    journal = adoptions.journal_of(session, adoption.id, [row.key for row in rows])
    return [_view(adoption, row, journal.get(row.key)) for row in rows]


def _view(adoption: Adoption, row: AdoptionDocument, known: JournalVm | None) -> VmOut:
    server = plans.read(Server, row.content)
    differences = row.differences
    return VmOut(
        id=server.id,
        path=server.vm.path,
        folder=row.folder,
        server=server.server,
        state=server.state,
        undecided=server.waits,
        waits=[MessageOut.model_validate(one.message) for one in server.undecided],
        adopt=server.adopt,
        project=server.project,
        flavor=server.flavor,
        compute=server.compute,
        ports=list(server.ports),
        volumes=list(server.volumes),
        decisions=dict(server.decisions),
        because=server.because,
        facts=server.vm,
        findings=[show_finding(one, server.decisions.get(one.check)) for one in server.findings],
        progress=_progress(adoption, known) if known else None,
        differences=None if differences is None else [DifferenceOut(**one) for one in differences],
    )


def show_finding(found: Finding, accepted: str | None) -> FindingOut:
    """A finding with the way out; a plan from elsewhere may have one of a check that is not known here."""
    check = registry().get(found.check)
    return FindingOut(
        check=found.check,
        severity=found.severity,
        says=found.says,
        message=MessageOut.model_validate(found.message),
        item=found.item,
        title=check.title if check else "",
        way_out=check.way_out if check else "",
        accepted=accepted,
    )


def _progress(adoption: Adoption, known: JournalVm) -> ProgressOut:
    vm, details = vm_of(known), known.details
    return ProgressOut.model_validate(
        {
            "state": known.state,
            "reason": known.reason,
            "message": vm.reason,
            "server": known.server,
            "resource_id": Ref(Kind.SERVER, known.server).id(adoption.cloud_id) if known.server else None,
            "seconds": details.get("seconds"),
            "changed": details.get("changed") or [],
            "left": vm.left and vm.left.text,
            "left_message": vm.left,
            "at": known.at,
        }
    )
