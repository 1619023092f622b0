"""Which rights in projects the user lacks, said before anything is changed."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from polyvisor.adoption.clouds import Clouds, RefusedError, ask
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.resources import volume


def require(clouds: Clouds, projects: Collection[str], names: Mapping[str, str]) -> None:
    """See that Cinder lets the user manage disks in these projects (ids).

    Args:
        names: id -> name of a project.

    Raises:
        AdoptionError: it does not, in some; with the commands that put it right.
    """
    missing = list(_missing(clouds, projects, names))
    if missing:
        raise AdoptionError("\n".join(["volumes are made with a token of the server's project:", *missing]))


def _missing(clouds: Clouds, projects: Collection[str], names: Mapping[str, str]) -> Iterator[str]:
    user = clouds.admin.current_user_id
    for project in sorted(projects):
        name = names.get(project, project)
        command = f"openstack role add --project {project} --user {user} admin"
        try:
            # Without a host it is answered with 400 to whoever may, with 403 to others.
            cinder: Any = clouds.of_project(project).block_storage
            ask(cinder, "GET", volume.MANAGEABLE, microversion=volume.MICROVERSION)
        except RefusedError as exc:
            if exc.status == 401:
                yield f"user {user} has no role in project {name}: {command}"
            elif exc.status == 403:
                yield f"user {user} may not manage volumes in project {name}, lacks role admin: {command}"
            elif exc.status != 400:
                raise
