"""Which privileges the account lacks."""

from collections.abc import Mapping, Sequence

from pyVmomi import vim

from polyvisor.vsphere.session import Session, moref


def missing_privileges(
    session: Session, kind: str, entities: Sequence[str], privileges: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    """Ask vCenter, in one call, which privileges the account of this session does not have.

    Args:
        kind: type of the objects, for example "Folder".
        entities: their morefs.
        privileges: their ids, for example ``VirtualMachine.Config.Settings``.

    Returns:
        moref -> missing privileges; entities that lack none are left out.

    Raises:
        VSphereError: as `Session.call` does.
    """
    if not entities:
        return {}
    content, handle = session.content, getattr(vim, kind)
    objects = [session.managed_object(handle, ref) for ref in entities]
    key = session.call(lambda: content.sessionManager.currentSession.key)
    ask = content.authorizationManager.HasPrivilegeOnEntities
    answers = session.call(ask, objects, key, list(privileges))
    missing = {
        moref(answer.entity): tuple(item.privId for item in answer.privAvailability if not item.isGranted)
        for answer in answers
    }
    return {ref: lacking for ref, lacking in missing.items() if lacking}
