"""What can go wrong with a cloud: it does not answer, it refuses us, or it refuses the request."""

from __future__ import annotations

from keystoneauth1 import exceptions as keystone
from openstack import exceptions as sdk

from polyvisor.message import Message
from polyvisor.op.message import say
from polyvisor.op.problem import (
    CloudRefused,
    CloudUnavailable,
    Conflict,
    Forbidden,
    NotFound,
    Problem,
    Rejected,
)
from polyvisor.op.vault import VaultError

#: Keystone and proxies answer so while what is behind them is gone.
_GONE = {502, 503, 504}
_SILENT = (
    keystone.ConnectionError,
    keystone.DiscoveryFailure,
    keystone.ServiceUnavailable,
    keystone.BadGateway,
    keystone.GatewayTimeout,
)
_REFUSED = (keystone.Unauthorized, keystone.MissingRequiredOptions, keystone.AuthorizationFailure)


def of_connection(cloud: str, fault: Exception) -> Problem | None:
    """The problem, if the fault is about the cloud as a whole; None if it is about what was asked of it."""
    if type(fault) is sdk.SDKException and isinstance(fault.__context__, keystone.ClientException):
        fault = fault.__context__  # what openstacksdk made of it says less
    if isinstance(fault, _SILENT) or (isinstance(fault, sdk.HttpException) and fault.status_code in _GONE):
        return CloudUnavailable(say("cloud_silent", cloud=cloud, text=text(fault)))
    if isinstance(fault, _REFUSED):
        return CloudRefused(say("cloud_refuses", cloud=cloud, text=text(fault)))
    return None


def of_request(fault: Exception) -> Problem:
    """The problem that a caller of the API is told if a cloud refuses what was asked of it."""
    status = getattr(fault, "status_code", None) or getattr(fault, "http_status", None)
    kinds: dict[int | None, type[Problem]] = {
        400: Rejected,
        403: Forbidden,
        404: NotFound,
        409: Conflict,
    }
    return kinds.get(status, CloudRefused)(say("cloud_says", text=text(fault)))


def reason(fault: Exception) -> Message:
    """Why something failed: as the platform itself says it, or what somebody else says, in a frame."""
    if isinstance(said := getattr(fault, "message", None), Message):
        return said
    return say("vault" if isinstance(fault, VaultError) else "cloud_says", text=text(fault))


def text(fault: Exception) -> str:
    """The fault in one line, without a page of HTML that a proxy may have sent."""
    words = " ".join(str(fault).split()) or type(fault).__name__
    return words.split("<html", 1)[0].strip()[:500] or type(fault).__name__
