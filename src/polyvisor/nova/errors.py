"""Errors that the plug-ins in Nova raise, and that cross RPC between them.

NovaException
├── WishInvalid            400  the metadata contradict themselves
├── ComputeUnavailable     503  the nova-compute of a cluster did not answer
├── VCenterUnavailable     503  nova-compute could not ask its vCenter within the time limit
├── VCenterRefused         502  vCenter answered, with a fault
└── VirtualMachineNotFound 404  the server has no VM in vCenter
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


REMOTE = {cls.__name__: cls for cls in (VCenterUnavailable, VCenterRefused, VirtualMachineNotFound)}
"""What the endpoint inside nova-compute may answer instead of a result."""
