"""vCenters: attached to a cloud, changed, probed, detached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.adoption import adoption as adoptions
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.clouds.connections import ca_file
from polyvisor.op.db.base import now
from polyvisor.op.db.models import VCenter
from polyvisor.op.db.models.cloud import Health
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import columns, say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import CloudRefused, CloudUnavailable, Conflict, Invalid, NotFound, Problem
from polyvisor.vsphere import session as vsphere
from polyvisor.vsphere.faults import CertificateRefused, InvalidInput, Unavailable, VSphereError

#: A page of 200 VMs takes a busy vCenter this long, and more.
_CALL_SECONDS = 120.0
#: Who waits for the answer of a probe waits no longer.
_PROBE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Reach:
    """How a vCenter is reached."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_certificate: str | None = None
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a vCenter; None leaves it, an empty certificate means the system's authorities."""

    name: str | None = None
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_certificate: str | None = None
    insecure: bool | None = None


def get(session: Session, key: str) -> VCenter:
    """A vCenter by id or name. Raises NotFound."""
    found = session.get(VCenter, key) or session.scalar(select(VCenter).where(VCenter.name == key))
    if found is None:
        raise NotFound.of("vCenter", key)
    return found


def register(platform: Platform, actor: Actor, cloud_id: str, name: str, reach: Reach) -> VCenter:
    """Attach a vCenter that answers to a cloud.

    Raises Invalid, NotFound, Conflict, CloudUnavailable, CloudRefused.
    """
    with platform.database.read() as session:
        cloud = clouds.get(session, cloud_id)
        _refuse_taken(session, name)
    about = _ask(platform, reach)
    with platform.database.write() as session:
        clouds.get(session, cloud.id)
        _refuse_taken(session, name)
        _refuse_twice(session, cloud.id, about["uuid"])
        made = VCenter(cloud_id=cloud.id, name=name, health=Health.OK, health_at=now(), **about)
        _put(platform, made, reach)
        session.add(made)
        session.flush()
        entry.record(session, actor, "vcenter.register", target(made), host=made.host, port=made.port)
    return made


def update(platform: Platform, actor: Actor, key: str, changes: Changes) -> VCenter:
    """Change a vCenter; it must answer by the new way, and be the same. Raises as ``register``."""
    with platform.database.read() as session:
        before = get(session, key)
        if changes.name not in {None, before.name}:
            _refuse_taken(session, str(changes.name))
    old = reach_of(platform, before)
    reach = _changed(old, changes)
    if reach != old and changes.password is None:
        # Or whoever may change it could have the password sent to wherever they like.
        raise Invalid("body.password", say("vcenter_password"))
    about = _ask(platform, reach) if reach != old else {}
    if about and about["uuid"] != before.uuid:
        raise Conflict(say("vcenter_other", host=reach.host, found=about["uuid"], known=before.uuid))
    with platform.database.write() as session:
        kept = get(session, before.id)
        if changes.name not in {None, kept.name}:
            _refuse_taken(session, str(changes.name))
            kept.name = str(changes.name)
        _put(platform, kept, reach)
        if about:
            kept.health, kept.health_at = Health.OK, now()
            kept.health_reason, kept.health_message = columns(None)
            kept.product = about["product"]
        entry.record(session, actor, "vcenter.update", target(kept), credential=changes.password is not None)
    return kept


def probe(platform: Platform, key: str) -> VCenter:
    """Ask a vCenter whether it answers, and keep the answer. Raises only NotFound."""
    with platform.database.read() as session:
        found = get(session, key)
    health, reason, about = _examine(platform, found)
    with platform.database.write() as session:
        kept = get(session, found.id)
        kept.health, kept.health_at = health, now()
        kept.health_reason, kept.health_message = columns(reason)
        if about is not None:
            kept.product = about["product"]
    return kept


def remove(session: Session, actor: Actor, key: str) -> None:
    """Detach a vCenter; it stays as it is. Raises NotFound, Conflict while an adoption is about it."""
    found = get(session, key)
    using = adoptions.of_vcenter(session, found)
    if using:
        raise Conflict(say("vcenter_in_use", adoption=using[0].name, vcenter=found.name))
    session.delete(found)
    entry.record(session, actor, "vcenter.remove", target(found))


def target(vcenter: VCenter) -> Target:
    """The vCenter, as the audit log names it."""
    return Target(vcenter.id, vcenter.name, f"/clouds/{vcenter.cloud_id}")


def reach_of(platform: Platform, vcenter: VCenter) -> Reach:
    """How it is reached. Raises VaultError."""
    password = platform.vault.open(vcenter.credential)["password"]
    way = (vcenter.host, vcenter.port, vcenter.username, password)
    return Reach(*way, vcenter.ca_certificate, vcenter.insecure)


@contextmanager
def log_in(platform: Platform, reach: Reach, seconds: float = _CALL_SECONDS) -> Iterator[vsphere.Session]:
    """A session that is logged in to when it is first used, and out at the end; ``seconds`` limits a call."""
    endpoint = vsphere.Endpoint(
        host=reach.host,
        username=reach.username,
        password=reach.password,
        port=reach.port,
        ca_file=ca_file(platform.settings, reach.ca_certificate) if reach.ca_certificate else None,
        insecure=reach.insecure,
        call_timeout=seconds,
    )
    with closing(vsphere.Session(endpoint)) as session:
        yield session


def problem_of(fault: VSphereError) -> Problem:
    """What callers are told of a vCenter that does not do as it is asked."""
    if isinstance(fault, Unavailable) and not isinstance(fault, CertificateRefused):
        return CloudUnavailable(say("vcenter_says", text=fault))
    return CloudRefused(say("vcenter_says", text=fault))


def _ask(platform: Platform, reach: Reach) -> dict[str, Any]:
    """Which vCenter answers. Raises Invalid, CloudUnavailable, CloudRefused."""
    clouds.check_certificate(reach.ca_certificate)
    try:
        with log_in(platform, reach, _PROBE_SECONDS) as session:
            about = session.content.about
    except InvalidInput as fault:
        raise Invalid("body.ca_certificate", say("vcenter_certificate", text=fault)) from fault
    except VSphereError as fault:
        raise problem_of(fault) from fault
    if about.apiType != "VirtualCenter":
        raise CloudRefused(say("vcenter_is_esxi", host=reach.host))
    product = f"{about.fullName or about.name}"
    return {"uuid": str(about.instanceUuid), "product": product[:255]}


def _examine(platform: Platform, vcenter: VCenter) -> tuple[Health, Message | None, dict[str, Any] | None]:
    try:
        about = _ask(platform, reach_of(platform, vcenter))
    except CloudUnavailable as problem:
        return Health.DOWN, problem.message, None
    except Problem as problem:
        return Health.REFUSED, problem.message, None
    if about["uuid"] != vcenter.uuid:
        why = say("vcenter_other_now", vcenter=vcenter.name, found=about["uuid"], known=vcenter.uuid)
        return Health.REFUSED, why, None
    return Health.OK, None, about


def _changed(old: Reach, changes: Changes) -> Reach:
    given = {
        name: value
        for name in ("host", "port", "username", "password", "ca_certificate", "insecure")
        if (value := getattr(changes, name)) is not None
    }
    if given.get("ca_certificate") == "":
        given["ca_certificate"] = None
    values = {name: getattr(old, name) for name in Reach.__dataclass_fields__}
    return Reach(**(values | given))


def _put(platform: Platform, vcenter: VCenter, reach: Reach) -> None:
    vcenter.host, vcenter.port, vcenter.username = reach.host, reach.port, reach.username
    vcenter.credential = platform.vault.seal({"password": reach.password})
    vcenter.ca_certificate, vcenter.insecure = reach.ca_certificate, reach.insecure


def _refuse_taken(session: Session, name: str) -> None:
    if session.scalar(select(VCenter.id).where(VCenter.name == name)):
        raise Conflict(say("taken", thing="vCenter", name=name))


def _refuse_twice(session: Session, cloud_id: str, uuid: str) -> None:
    same = select(VCenter.name).where(VCenter.cloud_id == cloud_id, VCenter.uuid == uuid)
    if name := session.scalar(same):
        raise Conflict(say("vcenter_attached", name=name))
