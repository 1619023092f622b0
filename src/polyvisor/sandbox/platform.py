"""The operations platform over the sandbox's OpenStacks: each registered, with a project for one tenant."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from sqlalchemy import select

from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.clouds.cloud import Changes
from polyvisor.op.clouds.credential import Credential, Reach, application_credential
from polyvisor.op.db.models import Cloud, Project, Tenant
from polyvisor.op.db.models.tenant import ROOT
from polyvisor.op.identity import project as projects
from polyvisor.op.identity import tenant as tenants
from polyvisor.op.identity.actor import Actor
from polyvisor.op.platform import Platform, open_platform
from polyvisor.op.settings import Settings as PlatformSettings
from polyvisor.sandbox import cloud
from polyvisor.sandbox.commands import once
from polyvisor.sandbox.settings import Settings

#: The tenant, with the project of that name on each OpenStack.
TENANT = "demo"
#: Of the application credential by which the platform acts as an OpenStack's administrator.
CREDENTIAL = "operations-platform"
_ACTOR = Actor("polyvisor sandbox", "command")


def password_file(settings: Settings) -> Path:
    """The file with the password of the administrator ``admin``, as long as nobody has changed that."""
    return settings.op_data / "admin-password"


def register(settings: Settings, doing: Callable[[str], None]) -> None:
    """Register what is not registered yet; the platform has been started once."""
    with closing(open_platform(PlatformSettings(data=settings.op_data))) as platform:
        for one in settings.openstacks:
            doing(f"the platform to know the cloud {one.openstack.name}")
            once(one, "op-cloud", partial(_register, platform, one))
            once(one, "op-project", partial(_give_project, platform, one))


def _register(platform: Platform, settings: Settings) -> None:
    name = settings.openstack.name
    reach = Reach(_credential(settings), settings.openstack.region)
    with platform.database.read() as session:
        known = session.scalar(select(Cloud.id).where(Cloud.name == name))
    if known is None:
        clouds.register(platform, _ACTOR, name, reach)
    else:  # by a run that was cut off: the credential that it made is gone
        clouds.update(platform, _ACTOR, known, Changes(credential=reach.credential))


def _credential(settings: Settings) -> Credential:
    """A new application credential of the administrator, in place of one that was made before."""
    connection = cloud.connect(settings)
    identity, user = connection.identity, connection.current_user_id
    for old in list(identity.application_credentials(user, name=CREDENTIAL)):
        identity.delete_application_credential(user, old)
    made = identity.create_application_credential(user, CREDENTIAL)
    return application_credential(settings.auth_url, made.id, made.secret)


def _give_project(platform: Platform, settings: Settings) -> None:
    project = cloud.connect(settings, TENANT).current_project_id
    with platform.database.write() as session:
        tenant = session.scalar(select(Tenant).where(Tenant.name == TENANT, Tenant.parent_node == ROOT))
        tenant = tenant or tenants.create(session, _ACTOR, TENANT, "", None)
        known = clouds.get(session, settings.openstack.name)
        there = select(Project).where(Project.cloud_id == known.id, Project.external_id == project)
        if session.scalar(there) is None:
            projects.create(session, _ACTOR, tenant, known.id, None, project)
