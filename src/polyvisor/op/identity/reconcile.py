"""Make true on clouds what tenants have been given there: the project, the platform's account in it.

Every step looks first and acts then, so it can be repeated after any failure. What is of the platform is
found again by the project's tag and the account's name, not by what was last written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from openstack import exceptions as sdk
from sqlalchemy.orm import Session

from polyvisor.message import Message
from polyvisor.op.audit import entry
from polyvisor.op.clouds import faults
from polyvisor.op.clouds.credential import Credential
from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud, Project, Tenant
from polyvisor.op.db.models.project import ProjectState
from polyvisor.op.identity import password
from polyvisor.op.identity.actor import worker
from polyvisor.op.identity.project import target
from polyvisor.op.inventory import store
from polyvisor.op.message import columns, say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Conflict, Problem
from polyvisor.op.vault import VaultError

#: Keystone's default role for those who work in a project.
ROLE = "member"
_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Wish:
    id: str
    cloud_id: str
    auth_url: str
    name: str
    external_id: str | None
    #: None: the account has to be given a new password.
    credential: Credential | None
    removing: bool

    @property
    def tag(self) -> str:
        return f"polyvisor-{self.id}"


def reconcile(platform: Platform, project_id: str) -> None:
    """Bring one project up to date; what goes wrong is written down at it and tried again later."""
    with platform.database.read() as session:
        wish = _wish(platform, session, project_id)
    if wish is None:
        return
    try:
        if wish.removing:
            platform.clouds.run(wish.cloud_id, lambda cloud: _take_away(cloud, wish), deadline=_SECONDS)
            external_id, credential = wish.external_id, None
        else:
            external_id, credential = platform.clouds.run(
                wish.cloud_id, lambda cloud: _make(cloud, wish), deadline=_SECONDS
            )
    except (Problem, VaultError, sdk.SDKException) as fault:
        _failed(platform, wish, faults.reason(fault))
        return
    with platform.database.write() as session:
        _done(platform, session, wish, external_id, credential)


def _wish(platform: Platform, session: Session, project_id: str) -> _Wish | None:
    project = session.get(Project, project_id)
    if project is None:
        return None
    cloud = session.get_one(Cloud, project.cloud_id)
    kept = None
    if project.credential is not None:
        try:
            kept = Credential(**platform.vault.open(project.credential))
        except VaultError:
            kept = None  # of a key that is lost; the account gets a new password
    removing = project.state == ProjectState.REMOVING
    return _Wish(project.id, cloud.id, cloud.auth_url, project.name, project.external_id, kept, removing)


def _make(cloud: Any, wish: _Wish) -> tuple[str, Credential]:
    """The id of the project and the credential of the account in it, both made if they are not there."""
    project = _project(cloud, wish)
    user, credential = _account(cloud, wish, project)
    role = cloud.identity.find_role(ROLE, ignore_missing=False)
    cloud.identity.assign_project_role_to_user(project.id, user.id, role.id)
    return project.id, credential


def _project(cloud: Any, wish: _Wish) -> Any:
    if wish.external_id:
        return cloud.identity.get_project(wish.external_id)
    for found in cloud.identity.projects(tags=wish.tag):
        return found
    try:
        return cloud.identity.create_project(
            name=wish.name, domain_id=_domain(cloud), tags=[wish.tag], description="Made by Polyvisor"
        )
    except sdk.ConflictException:
        raise Conflict(say("project_name_taken", project=wish.name)) from None


def _account(cloud: Any, wish: _Wish, project: Any) -> tuple[Any, Credential]:
    """The user that acts for the platform in this project, and in no other."""
    user = cloud.identity.find_user(wish.tag, domain_id=project.domain_id)
    if user is not None and wish.credential is not None:
        return user, wish.credential
    secret = password.generate()
    if user is None:
        user = cloud.identity.create_user(
            name=wish.tag,
            domain_id=project.domain_id,
            default_project_id=project.id,
            password=secret,
            description="Acts for Polyvisor in one project",
        )
    else:
        cloud.identity.update_user(user, password=secret)
    auth = {
        "auth_url": wish.auth_url,
        "user_id": user.id,
        "password": secret,
        "project_id": project.id,
    }
    return user, Credential("v3password", auth)


def _domain(cloud: Any) -> str:
    """The domain that new projects go to: that of the project which the cloud was registered with."""
    project: str | None = cloud.current_project_id
    return cloud.identity.get_project(project).domain_id if project else "default"


def _take_away(cloud: Any, wish: _Wish) -> None:
    for found in cloud.identity.users(name=wish.tag):
        cloud.identity.delete_user(found, ignore_missing=True)


def _done(
    platform: Platform, session: Session, wish: _Wish, external_id: str | None, credential: Credential | None
) -> None:
    project = session.get_one(Project, wish.id)
    tenant = session.get_one(Tenant, project.tenant_id)
    if wish.removing:
        session.delete(project)
        entry.record(session, worker(), "project.removed", target(project, tenant))
        return
    assert credential is not None  # noqa: S101 - only what is removed has none
    if credential != wish.credential:
        project.credential = platform.vault.seal(credential.as_secret())
        project.version += 1
    project.external_id = external_id
    if project.state != ProjectState.REMOVING:
        store.assign(session, project.cloud_id, external_id, project.tenant_id)
    project.reconcile_due = now() + timedelta(seconds=platform.settings.reconcile_seconds)
    if project.state == ProjectState.REMOVING:  # asked for meanwhile
        project.reconcile_due = now()
    elif project.state != ProjectState.READY:
        project.state, project.state_at = ProjectState.READY, now()
        project.reason, project.message = columns(None)
        entry.record(session, worker(), "project.ready", target(project, tenant), external_id=external_id)


def _failed(platform: Platform, wish: _Wish, reason: Message) -> None:
    with platform.database.write() as session:
        project = session.get(Project, wish.id)
        if project is None:
            return
        if not wish.removing and project.state != ProjectState.REMOVING:
            project.state = ProjectState.FAILED
        project.reason, project.message = columns(reason)
        project.state_at = now()
        project.reconcile_due = now() + timedelta(seconds=platform.settings.probe_seconds)
