"""HTTPS to vCenter with time limits that hold, under pyVmomi's stub adapter.

A socket's own timeout starts again with each byte, so a server that drips could hold a thread for hours.
Here each call has a deadline, and each wait on its socket may take only what is left until then.
"""

import select
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from time import monotonic
from typing import Any, Final

from pyVmomi import SoapStubAdapter

from polyvisor.vsphere.faults import InvalidInput, Unreachable, translate

# vSphere 6.5, the oldest we speak to. A newer vCenter answers a client of an older API version in that
# version's terms, so no version has to be negotiated. What pyVmomi would do for that has no time limit.
API_VERSION: Final = "vim.version.version11"
# Proxies in front of vCenter drop idle connections after a minute or more.
_IDLE_SECONDS: Final = 45
_POOL_SIZE: Final = 16

_deadline: ContextVar[float] = ContextVar("deadline")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a vCenter is and how to log in to it.

    Attributes:
        ca_file: PEM file with the authorities to trust instead of the system's.
        insecure: accept any certificate.
        connect_timeout: seconds to connect, TLS included, for each address of the host.
        call_timeout: seconds for a whole call.
    """

    host: str
    username: str
    password: str = field(repr=False)
    port: int = 443
    ca_file: str | None = None
    insecure: bool = False
    connect_timeout: float = 5.0
    call_timeout: float = 15.0

    def __str__(self) -> str:
        return f"vCenter {self.host}:{self.port}"


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End all calls that this thread makes in the block after so many seconds, by TimeoutError."""
    token = _deadline.set(monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def require_time_limit() -> None:
    """Refuse a call that would have no time limit, before anything is sent.

    Raises:
        RuntimeError: this is a mistake in the calling code, hence no error of this package.
    """
    if _deadline.get(None) is None:
        raise RuntimeError("managed objects are used through Session.call, which sets the time limit")


def _seconds_left() -> float:
    left = _deadline.get() - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _DeadlineSocket(ssl.SSLSocket):
    """A TLS socket which ends each wait at the deadline of the call that it carries."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left())
        return super().recv_into(*args, **kwargs)

    def send(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left())
        return super().send(*args, **kwargs)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext:
    """Make the TLS settings of an endpoint.

    Raises:
        InvalidInput: the CA file cannot be read.
    """
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file)
    except OSError as exc:
        raise InvalidInput(
            f"{endpoint}: CA file {endpoint.ca_file} cannot be used: {exc.strerror or exc}"
        ) from exc
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = _DeadlineSocket
    return context


class Transport(SoapStubAdapter):  # type: ignore[misc]  # pyVmomi has no types
    """The connections and the cookie of one login. Thread-safe: each call takes a connection of its own."""

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        super().__init__(
            host=endpoint.host,
            port=endpoint.port,
            version=API_VERSION,
            sslContext=context,
            poolSize=_POOL_SIZE,
            connectionPoolTimeout=_IDLE_SECONDS,
            httpConnectionTimeout=endpoint.connect_timeout,
        )

    def GetConnection(self) -> HTTPConnection:  # noqa: N802 - pyVmomi's name
        """Give a connection that is alive; one that failed here carried nothing, hence Unreachable."""
        try:
            connection = super().GetConnection()
            while _dropped(connection):
                connection.close()
                connection = super().GetConnection()
        except (OSError, HTTPException) as exc:
            error = translate(exc, source=str(self._endpoint))
            raise (error if isinstance(error, Unreachable) else Unreachable(str(error))) from exc
        return connection


def _dropped(connection: HTTPConnection) -> bool:
    """Tell whether the server closed this idle connection: then there is an end of file to read from it.

    Found out before sending, because a request that was sent must not be sent again. A connection which
    the server closed right with its last answer has no socket any more.
    """
    if connection.sock is None:
        return True
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
