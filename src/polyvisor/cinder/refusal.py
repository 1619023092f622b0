"""Why something is not done with a volume, and how users hear of it: Cinder tells them no more than that."""

from collections.abc import Iterator
from contextlib import contextmanager

from cinder import exception
from cinder.objects.snapshot import Snapshot
from cinder.objects.volume import Volume

#: Metadata of a volume or snapshot that was refused.
REASON = "polyvisor:refused"
_METADATA_LENGTH = 255


class VolumeHeld(exception.VolumeIsBusy):
    """A VM has the disk that Cinder has not attached the volume to."""

    # Of this and what Cinder and Nova write before it, Nova keeps 255 bytes: the way out before the path.
    message = (
        "VM %(vm)s has the disk of volume %(volume)s. Attach the volume to the server of that VM, or "
        "unmanage it. The disk is %(file)s"
    )


class ServerElsewhere(exception.InvalidConnectorException):
    """The volume is in one vCenter, the server in another: a moref from there names any VM here."""

    # Of this and what Cinder and Nova write before it, Nova keeps 255 bytes.
    message = (
        "the volume is in vCenter %(vcenter)s, the server in vCenter %(other)s. Attach it to a server of its "
        "own vCenter, or copy it by an image"
    )


@contextmanager
def recorded(refused: Volume | Snapshot) -> Iterator[None]:
    """Show in the metadata why it was refused."""
    try:
        yield
    except exception.ManageExistingInvalidReference as refusal:
        _write(refused, str(refusal.kwargs["reason"]))
        raise
    except VolumeHeld as refusal:
        _write(refused, str(refusal))
        raise


def lift(refused: Volume | Snapshot) -> None:
    """Take away what `recorded` showed, as it holds no longer."""
    _write(refused, None)


def _write(refused: Volume | Snapshot, reason: str | None) -> None:
    before = refused.metadata
    after = {key: value for key, value in before.items() if key != REASON}
    if reason:
        after[REASON] = reason[:_METADATA_LENGTH]
    if after != before:
        refused.metadata = after
        refused.save()
