"""Errors that the plug-ins in Nova raise, and that cross RPC between them.

NovaException
├── WishInvalid            400  the metadata contradict themselves
├── ComputeUnavailable     503  the nova-compute of a cluster did not answer
├── VCenterUnavailable     503  nova-compute could not ask its vCenter within the time limit
├── VCenterRefused         502  vCenter answered, with a fault
├── VirtualMachineNotFound 404  the server has no VM in vCenter
├── OperationRefused       400  long work on a server is refused before anything was changed
├── SnapshotRefused        409  vCenter's snapshots, or what they hold, do not allow it
├── SnapshotNotFound       404  the server has no such snapshot, or not any more
├── AdoptionRefused        409  a VM cannot be adopted, or an adopted one not be released, as it is
├── TicketRefused          403  whoever adopts has not proven control of the VM
├── NeverBegun             500  nova-compute was stopped or killed before it asked vCenter for anything
├── OperationLost          500  nobody can say what became of it, but it did not do what was asked
└── NotAbortable           409  there is nothing to abort, or vCenter does not offer it
"""

from nova import exception


class WishInvalid(exception.NovaException):
    """The metadata of a server ask for a place in a way that cannot be understood."""

    msg_fmt = "Invalid placement wish: %(reason)s."
    code = 400


class ComputeUnavailable(exception.NovaException):
    """The nova-compute service that manages a cluster did not answer in time."""

    msg_fmt = "Compute service %(host)s did not answer: %(reason)s."
    code = 503


class VCenterUnavailable(exception.NovaException):
    """The vCenter could not be asked: unreachable, too slow, or it does not accept the credentials."""

    msg_fmt = "vCenter %(vcenter)s of compute service %(host)s is unavailable: %(reason)s."
    code = 503


class VCenterRefused(exception.NovaException):
    """The vCenter was asked and answered with a fault."""

    msg_fmt = "vCenter %(vcenter)s of compute service %(host)s refused: %(reason)s."
    code = 502


class VirtualMachineNotFound(exception.NovaException):
    """Nova knows the server, but vCenter has no VM for it."""

    msg_fmt = "Server %(instance)s has no virtual machine in vCenter %(vcenter)s."
    code = 404


class OperationRefused(exception.NovaException):
    """Long work on a server would fail for a reason that is known beforehand. Nothing was changed."""

    msg_fmt = "%(reason)s"
    code = 400


class SnapshotRefused(exception.NovaException):
    """Work on snapshots would fail, or not do what was asked. Nothing was changed."""

    msg_fmt = "%(reason)s"
    code = 409


class SnapshotNotFound(exception.NovaException):
    """The server has no snapshot with this id. Another server's is none of its own."""

    msg_fmt = "Server %(instance)s has no snapshot %(snapshot)s."
    code = 404


class AdoptionRefused(exception.NovaException):
    """A VM cannot be taken over, or not be given back as it was. Nothing was changed."""

    msg_fmt = "%(reason)s"
    code = 409


class TicketRefused(exception.NovaException):
    """The ticket is not that of the VM and the project, has expired, or was used. Nothing was changed."""

    msg_fmt = "%(reason)s"
    code = 403


class NeverBegun(exception.NovaException):
    """The nova-compute that had the work was stopped or killed before it asked vCenter for anything."""

    msg_fmt = "nova-compute was stopped before it began; nothing was changed; try again"


class OperationLost(exception.NovaException):
    """The work was interrupted, vCenter does not know the task any more, and its effect is not there."""

    msg_fmt = (
        "The work was interrupted, and is not done: %(summary)s. vCenter no longer knows what became of it. "
        "The server is as it was; try again."
    )


class NotAbortable(exception.NovaException):
    """The server has no such work under way, or vCenter does not let it be cancelled."""

    msg_fmt = "Server %(instance)s has nothing to abort: %(reason)s."
    code = 409


_ANSWERED = (
    VCenterUnavailable,
    VCenterRefused,
    VirtualMachineNotFound,
    OperationRefused,
    SnapshotRefused,
    SnapshotNotFound,
    AdoptionRefused,
    TicketRefused,
    NotAbortable,
)
REMOTE = {cls.__name__: cls for cls in _ANSWERED}
"""What the endpoint inside nova-compute may answer instead of a result."""
