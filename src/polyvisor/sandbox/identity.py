"""Keystone's keys, administrator, service user, endpoints, and the tenant `demo`."""

from __future__ import annotations

import getpass
import grp
import os
from functools import partial
from typing import Any

from polyvisor.sandbox.commands import once, run
from polyvisor.sandbox.settings import Settings

#: Service type -> (name, path of its endpoint).
SERVICES = {
    "placement": ("placement", ""),
    "image": ("glance", ""),
    "network": ("neutron", ""),
    "compute": ("nova", "/v2.1"),
}
#: Of an OpenStack over vCenter, whose disks its volumes are.
VOLUME_SERVICES = {"block-storage": ("cinder", "/v3")}


def services(settings: Settings) -> dict[str, tuple[str, str]]:
    """Every service in the catalog."""
    return SERVICES | (VOLUME_SERVICES if settings.vcenters else {})


def prepare_keys(settings: Settings) -> None:
    """Make Keystone's token and credential keys, owned by the user who runs the sandbox."""
    owner = ("--keystone-user", getpass.getuser(), "--keystone-group", grp.getgrgid(os.getgid()).gr_name)
    for name in ("fernet", "credential"):
        (settings.data / "keystone" / f"{name}-keys").mkdir(parents=True, exist_ok=True, mode=0o700)
        once(settings, f"keystone-{name}", partial(_manage, settings, f"{name}_setup", *owner))


def bootstrap(settings: Settings) -> None:
    """Make the administrator `admin` and Keystone's own endpoint."""
    url = settings.auth_url
    options = ["--bootstrap-region-id", settings.openstack.region]
    for interface in ("public", "internal", "admin"):
        options += [f"--bootstrap-{interface}-url", url]
    _manage(settings, "bootstrap", *options, password=settings.secrets["admin"])


def _manage(settings: Settings, *command: str, password: str = "") -> None:
    config = str(settings.etc / "keystone" / "keystone.conf")
    run(settings, ("keystone-manage", "--config-file", config, *command), {"OS_BOOTSTRAP_PASSWORD": password})


def seed(settings: Settings, cloud: Any) -> None:
    """Make the users, projects, roles and endpoints that are missing, as the administrator ``cloud``."""
    identity = cloud.identity
    roles = {role.name: role for role in identity.roles()}
    for user_name, project_name, role_names in (
        ("service", "service", ("admin", "service")),
        ("demo", "demo", ("member",)),
    ):
        project = identity.find_project(project_name) or identity.create_project(name=project_name)
        user = identity.find_user(user_name) or identity.create_user(
            name=user_name, password=settings.secrets[user_name], default_project_id=project.id
        )
        for role_name in role_names:
            identity.assign_project_role_to_user(project, user, roles[role_name])
    for service_type, (name, path) in services(settings).items():
        if identity.find_service(name) is None:
            service = identity.create_service(name=name, type=service_type)
            identity.create_endpoint(
                service_id=service.id,
                interface="public",
                url=settings.url(name) + path,
                region_id=settings.openstack.region,
            )
