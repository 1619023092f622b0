"""Clouds: registered, changed, probed, drained, removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography import x509
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.clouds import faults
from polyvisor.op.clouds.credential import Credential, Reach
from polyvisor.op.clouds.probe import probe as ask
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud, Grant, Project, VCenter
from polyvisor.op.db.models.cloud import Health
from polyvisor.op.identity.actor import Actor
from polyvisor.op.inventory import events
from polyvisor.op.message import columns, say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import CloudRefused, Conflict, Invalid, NotFound, Problem
from polyvisor.op.vault import VaultError

#: A probe asks a dozen questions.
PROBE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What to change of a cloud; None leaves it, an empty certificate means the system's authorities."""

    name: str | None = None
    region: str | None = None
    credential: Credential | None = None
    ca_certificate: str | None = None
    insecure: bool | None = None


def get(session: Session, key: str) -> Cloud:
    """A cloud by id or name. Raises NotFound."""
    found = session.get(Cloud, key) or session.scalar(select(Cloud).where(Cloud.name == key))
    if found is None:
        raise NotFound.of("cloud", key)
    return found


def register(platform: Platform, actor: Actor, name: str, reach: Reach) -> Cloud:
    """Add a cloud that answers. Raises Invalid, Conflict, CloudUnavailable, CloudRefused."""
    check_certificate(reach.ca_certificate)
    with platform.database.read() as session:
        _refuse_taken(session, name)
    capabilities = _try(platform, name, reach)
    moment = now()
    with platform.database.write() as session:
        _refuse_taken(session, name)
        made = Cloud(
            name=name,
            region=reach.region,
            auth_url=reach.credential.auth_url,
            auth_type=reach.credential.auth_type,
            credential=platform.vault.seal(reach.credential.as_secret()),
            ca_certificate=reach.ca_certificate,
            insecure=reach.insecure,
            capabilities=capabilities,
            health=Health.OK,
            health_at=moment,
            health_since=moment,
            probe_due=moment + timedelta(seconds=platform.settings.probe_seconds),
        )
        session.add(made)
        session.flush()
        entry.record(session, actor, "cloud.register", _target(made), auth_url=made.auth_url)
    return made


def update(platform: Platform, actor: Actor, key: str, changes: Changes) -> Cloud:
    """Change a cloud; it must answer by the new way before anything is changed. Raises as ``register``."""
    with platform.database.read() as session:
        before = get(session, key)
        if changes.name not in {None, before.name}:
            _refuse_taken(session, str(changes.name))
    old = _reach(platform, before)
    reach = Reach(
        changes.credential or old.credential,
        changes.region if changes.region is not None else old.region,
        (changes.ca_certificate or None) if changes.ca_certificate is not None else old.ca_certificate,
        old.insecure if changes.insecure is None else changes.insecure,
    )
    check_certificate(reach.ca_certificate)
    if reach != old:
        _try(platform, before.name, reach)
    with platform.database.write() as session:
        kept = get(session, before.id)
        if kept.version != before.version:
            raise Conflict(say("cloud_changed", cloud=kept.name))
        if changes.name not in {None, kept.name}:
            _refuse_taken(session, str(changes.name))
            kept.name = str(changes.name)
        kept.region, kept.ca_certificate, kept.insecure = reach.region, reach.ca_certificate, reach.insecure
        kept.auth_url, kept.auth_type = reach.credential.auth_url, reach.credential.auth_type
        kept.credential = platform.vault.seal(reach.credential.as_secret())
        kept.version += 1
        kept.probe_due = now()
        entry.record(session, actor, "cloud.update", _target(kept), credential=changes.credential is not None)
    platform.clouds.forget(kept.id)
    return kept


def probe(platform: Platform, key: str) -> Cloud:
    """Ask a cloud what it can do, and keep the answer with its health. Raises only NotFound.

    While the circuit breaker leaves it alone, it is not asked: it is down for the reason that opened it.
    """
    with platform.database.read() as session:
        cloud = get(session, key)
    health, reason, capabilities = _examine(platform, cloud)
    moment = now()
    with platform.database.write() as session:
        kept = get(session, cloud.id)
        if kept.health != health:
            kept.health, kept.health_since = health, moment
        kept.health_reason, kept.health_message = columns(reason)
        kept.health_at = moment
        kept.probe_due = moment + timedelta(seconds=platform.settings.probe_seconds)
        if capabilities is not None:
            kept.capabilities = capabilities
    return kept


def drain(session: Session, actor: Actor, key: str, *, draining: bool) -> Cloud:
    """Place nothing new on a cloud, or do so again. Raises NotFound."""
    cloud = get(session, key)
    cloud.draining = draining
    entry.record(session, actor, "cloud.drain" if draining else "cloud.undrain", _target(cloud))
    return cloud


def remove(session: Session, actor: Actor, key: str) -> None:
    """Forget a cloud; what is on it stays. Raises NotFound, Conflict while tenants or vCenters are on it."""
    cloud = get(session, key)
    if not cloud.draining:
        raise Conflict(say("cloud_in_use", cloud=cloud.name))
    if session.scalar(select(Project.id).where(Project.cloud_id == cloud.id).limit(1)):
        raise Conflict(say("cloud_has_projects", cloud=cloud.name))
    if session.scalar(select(VCenter.id).where(VCenter.cloud_id == cloud.id).limit(1)):
        raise Conflict(say("cloud_has_vcenters", cloud=cloud.name))
    events.lock(session)
    session.execute(delete(Grant).where(Grant.node == cloud.node))
    session.delete(cloud)
    events.publish(session, [events.RESET])
    entry.record(session, actor, "cloud.remove", _target(cloud))


def _examine(platform: Platform, cloud: Cloud) -> tuple[Health, Message | None, dict[str, Any] | None]:
    try:
        return Health.OK, None, platform.clouds.run(cloud.id, ask, deadline=PROBE_SECONDS)
    except (CloudRefused, VaultError) as refusal:
        return Health.REFUSED, faults.reason(refusal), None
    except Problem as problem:
        return Health.DOWN, problem.message, None
    except Exception as fault:  # noqa: BLE001 - a cloud may answer anything; it must not end the worker
        return Health.DOWN, say("cloud_unlike", cloud=cloud.name, text=faults.text(fault)), None


def _try(platform: Platform, name: str, reach: Reach) -> dict[str, Any]:
    try:
        return platform.clouds.try_out(name, reach, ask, deadline=PROBE_SECONDS)
    except Problem:
        raise
    except Exception as fault:
        raise CloudRefused(say("cloud_unlike", cloud=name, text=faults.text(fault))) from fault


def _reach(platform: Platform, cloud: Cloud) -> Reach:
    credential = Credential(**platform.vault.open(cloud.credential))
    return Reach(credential, cloud.region, cloud.ca_certificate, cloud.insecure)


def check_certificate(pem: str | None) -> None:
    """Raise Invalid unless it is certificates in PEM, or nothing."""
    if not pem:
        return
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise Invalid("body.ca_certificate", say("bad_certificate")) from None


def _refuse_taken(session: Session, name: str) -> None:
    if session.scalar(select(Cloud.id).where(Cloud.name == name)):
        raise Conflict(say("taken", thing="cloud", name=name))


def _target(cloud: Cloud) -> Target:
    return Target(cloud.id, cloud.name, cloud.node)
