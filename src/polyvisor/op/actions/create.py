"""Make a server, somewhere: choose, ask, wait until it is built, and choose again if it was not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Self

from openstack import exceptions as sdk
from pydantic import Field, model_validator
from sqlalchemy.exc import IntegrityError

from polyvisor.message import Message, restore
from polyvisor.op.actions import made
from polyvisor.op.actions.action import Arguments, Key, Reference, ServerName
from polyvisor.op.db.models import Cloud
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.identity import access as rules
from polyvisor.op.identity.access import Access
from polyvisor.op.identity.actor import Actor
from polyvisor.op.inventory.found import Ref
from polyvisor.op.message import refusal, say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Back, Done, Outcome, Step, StepError, Wait, at_once
from polyvisor.op.scheduling import reservation, scheduler
from polyvisor.op.scheduling.candidate import Candidate, Verdict, Wanted

NAME = "create"
#: Nova refuses the server, and may not elsewhere.
_REFUSED = (sdk.BadRequestException, sdk.ForbiddenException, sdk.ConflictException, sdk.NotFoundException)


class CreateArguments(Arguments):
    """What the server is to be."""

    name: ServerName = Field(examples=["web"])
    tenant_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    image: Reference = Field(description="Name or id of an image.")
    networks: list[Reference] = Field([], max_length=10, description="Names or ids of networks, one a NIC.")
    flavor: Reference | None = Field(None, description="Name or id; or give a size.")
    vcpus: int | None = Field(None, ge=1, le=1024)
    ram_mb: int | None = Field(None, ge=1, le=64 * 1024 * 1024)
    disk_gb: int | None = Field(None, ge=0, le=1024 * 1024)
    cloud_id: str | None = Field(None, pattern=r"^[0-9a-f]{32}$", description="null: wherever it fits best.")
    hypervisor: Key | None = Field(None, examples=["vmware", "kvm"])
    zone: Reference | None = None
    host: Reference | None = Field(None, description="ESXi host.")
    datastore: Reference | None = None
    labels: dict[Reference, Reference] = Field(
        {}, max_length=20, description="That host aggregates there must have.", examples=[{"tier": "gold"}]
    )
    pack: bool = Field(False, description="Fill one place before the next, instead of using all alike.")

    @model_validator(mode="after")
    def one_size(self) -> Self:
        """Refuse none and both."""
        numbers = (self.vcpus, self.ram_mb)
        if (self.flavor is None) == any(one is None for one in numbers):
            raise refusal("either_flavor_or_size")
        if self.flavor and any((*numbers, self.disk_gb)):
            raise refusal("flavor_has_size")
        return self


def _schedule(context: Context) -> Outcome:
    if context.memory.get("choice"):
        return Done()
    wanted = Wanted.of(context.arguments)
    tried = {key: restore(why) for key, why in (context.memory.get("tried") or {}).items()}
    while True:
        verdicts = scheduler.consider(context.platform, _access(context), wanted, tried)
        context.tell(candidates=[one.as_result() for one in verdicts])
        best = next((one for one in verdicts if one.ok), None)
        if best is None:
            raise StepError(no_place(verdicts))
        reason = _reserve(context, wanted, best.candidate)
        if reason is None:
            return Done(_name(best.candidate))
        tried[best.candidate.key] = reason


def no_place(verdicts: list[Verdict]) -> Message:
    """Why there is no place, in one sentence."""
    if not verdicts:
        return say("no_project_anywhere")
    reasons = [say("at_place", where=_name(one.candidate), reason=one.reason) for one in verdicts]
    return say("no_place", reasons=reasons)


def _name(candidate: Candidate) -> str:
    return f"{candidate.cloud} {candidate.zone}".strip()


def _access(context: Context) -> Access:
    """What the user may do, now."""
    operation = context.operation
    actor = Actor(operation.user_name, operation.via, operation.user_id)
    if operation.user_id is None:
        return rules.unlimited(actor)
    with context.platform.database.read() as session:
        return rules.load(session, actor)


def _reserve(context: Context, wanted: Wanted, best: Candidate) -> Message | None:
    seconds = context.platform.settings.reservation_seconds
    context.guard()
    with context.platform.database.write() as session:
        reason = reservation.reserve(session, context.operation.id, wanted, best, seconds)
        node = session.get_one(Cloud, best.cloud_id).node
    if reason is None:
        assert best.flavor is not None  # noqa: S101 - its filter has let it pass
        choice = {
            "key": best.key,
            "flavor": best.flavor.id,
            "image": best.image_id,
            "networks": list(best.networks),
            "zone": None if best.only_zone and not wanted.zone else best.zone,
        }
        context.write(
            cloud_id=best.cloud_id,
            project_id=best.project_id,
            cloud_node=node,
            memory=context.memory | {"choice": choice},
        )
    return reason


def _ask(context: Context) -> Outcome:
    found = made.find(context)
    if not found:
        try:
            found = [context.act(lambda cloud: cloud.compute.create_server(**_server(context)))]
        except _REFUSED as refused:
            return _elsewhere(context, str(refused.details or refused))
    key = found[0].id
    context.remember(server=key)
    resource = Ref(Kind.SERVER, key).id(str(context.operation.cloud_id))
    try:
        context.write(external_id=key, resource_id=resource)
    except IntegrityError:  # after a crash: somebody has found the server by now, and does something with it
        context.write(external_id=key)
    context.tell(server=key)
    return Done(key)


def _server(context: Context) -> dict[str, Any]:
    choice, given = context.memory["choice"], context.arguments
    metadata = {made.MARK: context.operation.id}
    metadata |= {f"vmware:{name}": given[name] for name in ("host", "datastore") if given.get(name)}
    wanted: dict[str, Any] = {
        "name": given["name"],
        "flavor_id": choice["flavor"],
        "image_id": choice["image"],
        "networks": [{"uuid": key} for key in choice["networks"]] or "none",
        "metadata": metadata,
    }
    if choice["zone"]:
        wanted["availability_zone"] = choice["zone"]
    return wanted


def _build(context: Context) -> Outcome:
    server = _look(context)
    if server is None:
        if reason := context.memory.get("fault"):
            return _elsewhere(context, reason)
        raise StepError(say("deleted_meanwhile"))
    if server.status == "ERROR" or context.memory.get("fault"):
        reason = context.memory.get("fault") or (server.fault or {}).get("message") or server.status
        context.remember(fault=reason)
        context.act(lambda cloud: made.delete(cloud, server.id))
        return Wait(say("being_undone", reason=say("cloud_says", text=reason)))
    if server.status == "ACTIVE":
        return Done(server.status)
    return Wait(server.task_state or server.status, progress=server.progress or 0)


def _look(context: Context) -> Any:
    try:
        found = context.run(lambda cloud: cloud.compute.get_server(context.server))
    except sdk.NotFoundException:
        return None
    return None if found.status in {"DELETED", "SOFT_DELETED"} else found


def _elsewhere(context: Context, reason: str) -> Outcome:
    """Leave this candidate to the reason, and choose another."""
    why = say("cloud_says", text=reason)
    tried = dict(context.memory.get("tried") or {}) | {context.memory["choice"]["key"]: asdict(why)}
    context.remember(tried=tried, choice=None, server=None, fault=None)
    context.write(external_id=None, resource_id=None)
    with context.platform.database.write() as session:
        reservation.release(session, context.operation.id)
    return Back("schedule", why)


def _abandon(context: Context) -> bool:
    found = made.find(context)
    made.delete_all(context, [one.id for one in found])
    context.write(external_id=None, resource_id=None)
    return True


def _settle(context: Context) -> Outcome:
    """A request that Nova took after its caller was killed has made a second server: nobody wants it."""
    others = made.find(context)
    made.delete_all(context, [one.id for one in others if one.id != context.server])
    with context.platform.database.write() as session:
        reservation.release(session, context.operation.id)
    return Done()


STEPS = (
    Step("schedule", _schedule, at_once),
    Step("ask", _ask),
    Step("build", _build, _abandon),
    Step("settle", _settle),
)
