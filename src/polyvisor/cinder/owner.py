"""Whose VM a disk is taken from."""

import functools
from collections.abc import Mapping
from typing import Any

import cinder.context
from cinder.compute import nova
from cinder.objects.volume import Volume
from novaclient import exceptions as nova_exceptions

from polyvisor.cinder import reference
from polyvisor.vsphere.volume import Candidate

NOVA_SECONDS = 30


def check(volume: Volume, candidate: Candidate, existing_ref: Mapping[str, Any]) -> None:
    """See that a disk of a server becomes a volume of the server's own project.

    A VM that Nova does not know belongs to no project yet.

    :raises cinder.exception.ManageExistingInvalidReference: the server is another project's.
    """
    try:
        server = _client().servers.get(candidate.instance_uuid)
    except nova_exceptions.NotFound:
        return
    if server.tenant_id != volume.project_id:
        raise reference.refused(
            existing_ref,
            f"{candidate.disk.file} is a disk of server {server.id}, which is not of project "
            f"{volume.project_id}; manage it with a token of the server's project",
        )


@functools.cache
def _client() -> Any:
    """One for all volumes: each would begin with a login to Keystone, a quarter of a second of its CPU."""
    return nova.novaclient(cinder.context.get_admin_context(), privileged_user=True, timeout=NOVA_SECONDS)
