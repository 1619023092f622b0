"""Which rights in projects the user lacks, said before anything is changed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from polyvisor.adoption.clouds import Clouds, RefusedError, ask
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.message import say
from polyvisor.adoption.resources import volume
from polyvisor.message import Message


def require(clouds: Clouds, projects: Collection[str], names: Mapping[str, str]) -> None:
    """See that Cinder lets the user manage disks in these projects (ids).

    Args:
        names: id -> name of a project.

    Raises:
        AdoptionError: it does not, in some; with the commands that put it right.
    """
    missing = list(_missing(clouds, projects, names))
    if missing:
        raise AdoptionError(say("roles_missing", missing=missing))


def _missing(clouds: Clouds, projects: Collection[str], names: Mapping[str, str]) -> Iterator[Message]:
    user = clouds.admin.current_user_id
    for project in sorted(projects):
        name = names.get(project, project)
        missing = {"user": user, "project": name, "id": project}
        try:
            # Without a host it is answered with 400 to whoever may, with 403 to others.
            cinder: Any = clouds.of_project(project).block_storage
            ask(cinder, "GET", volume.MANAGEABLE, microversion=volume.MICROVERSION)
        except RefusedError as exc:
            if exc.status == 401:
                yield say("no_role_in_project", **missing)
            elif exc.status == 403:
                yield say("no_admin_in_project", **missing)
            elif exc.status != 400:
                raise
