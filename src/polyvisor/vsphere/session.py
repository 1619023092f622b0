"""One login to a vCenter, shared by any number of threads and renewed when vCenter ends it."""

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar

from pyVmomi import SoapAdapter, vim, vmodl

from polyvisor.vsphere.faults import (
    TRANSLATED,
    AuthenticationFailed,
    Unavailable,
    VSphereError,
    translate,
)
from polyvisor.vsphere.transport import (
    API_VERSION,
    Endpoint,
    Transport,
    require_time_limit,
    time_limit,
    tls_context,
)

__all__ = ["Endpoint", "Session", "moref"]

LOG = logging.getLogger(__name__)
T = TypeVar("T")

# vCenter's default policy locks an account after 5 failures within 180 s, counted from the first. At one
# try each 180 s no number of threads locks the account, and other users of it keep working.
_REFUSED_SECONDS: Final = 180.0
# Long enough that the threads which waited for a login that failed fail with it, not one after another.
_UNREACHABLE_SECONDS: Final = 2.0


def moref(managed_object: Any) -> str:
    """Give the id of a managed object in its vCenter, for example ``vm-42``."""
    return str(managed_object._moId)  # noqa: SLF001 - pyVmomi has no public name for it


@dataclass(frozen=True, slots=True, eq=False)
class _Login:
    transport: Transport
    sessions: Any


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: VSphereError
    until: float

    def again(self) -> VSphereError:
        """Make a new exception of it: one that several threads raised would mix their tracebacks."""
        return type(self.error)(str(self.error), fault=self.error.fault)


class Session:
    """A vCenter that is logged in to when first needed. Thread-safe.

    Use ``session.call(vm.PowerOn)``, never ``vm.PowerOn()``, and ``session.call(lambda: vm.name)`` for a
    property: only ``call`` sets a time limit and raises the errors of `polyvisor.vsphere.faults`.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Keep the endpoint; nothing is sent yet.

        Raises:
            InvalidInput: the CA file cannot be read.
        """
        self.endpoint = endpoint
        self._context: ssl.SSLContext = tls_context(endpoint)
        self._stub = _Stub(self)
        self._lock = Lock()
        self._login: _Login | None = None
        self._generation = 0
        self._refusal: _Refusal | None = None
        self._content: Any = None

    def __repr__(self) -> str:
        return f"<Session {self.endpoint}>"

    @property
    def content(self) -> Any:
        """The vim.ServiceInstanceContent of this vCenter, with its managers. Asked once.

        Any, because pyVmomi declares optional what every vCenter has.

        Raises:
            VSphereError: as `call` does.
        """
        if self._content is None:
            self._content = self.call(vim.ServiceInstance("ServiceInstance", self._stub).RetrieveContent)
        return self._content

    @property
    def vcenter_uuid(self) -> str:
        """Instance UUID of this vCenter, by which it is told from all others. Raises as `content` does."""
        return str(self.content.about.instanceUuid)

    @property
    def generation(self) -> int:
        """How many logins have ended: what lives in vCenter's session, such as a view, died with its own."""
        return self._generation

    def call(
        self, method: Callable[..., T], *args: Any, call_timeout: float | None = None, **kwargs: Any
    ) -> T:
        """Call a method of a managed object, logging in first or again if need be.

        Args:
            call_timeout: seconds, instead of the endpoint's. A login comes on top, with the endpoint's
                connect_timeout and call_timeout.

        Raises:
            VSphereError: one of its subclasses, for whatever pyVmomi or the network raised.
        """
        try:
            with time_limit(call_timeout or self.endpoint.call_timeout):
                return method(*args, **kwargs)
        except TRANSLATED as exc:
            raise translate(exc, source=str(self.endpoint)) from exc

    def managed_object(self, kind: Callable[..., T], moref: str) -> T:
        """Make the handle of a managed object from its id, without asking whether it exists."""
        return kind(moref, self._stub)

    def close(self) -> None:
        """Log out and close all connections. A later call would log in again."""
        with self._lock:
            login, self._login = self._login, None
            self._generation += 1
        if login is None:
            return
        try:
            self.call(login.sessions.Logout)
        except VSphereError as exc:
            LOG.debug("Not logged out: %s", exc)
        login.transport.DropConnections()

    def logged_in(self) -> _Login:
        """Give the present login, or make one. For the stub of this session."""
        if login := self._login:
            return login
        with self._lock:
            if self._login is None:
                if self._refusal and monotonic() < self._refusal.until:
                    raise self._refusal.again()
                self._login = self._log_in()
                self._refusal = None
            return self._login

    def forget(self, login: _Login) -> None:
        """Drop a login which vCenter ended, unless another thread has made a new one already."""
        with self._lock:
            if self._login is login:
                LOG.info("%s ended the session; logging in again", self.endpoint)
                self._login = None
                self._generation += 1
        login.transport.DropConnections()

    def _log_in(self) -> _Login:
        transport = Transport(self.endpoint, self._context)
        service = vim.ServiceInstance("ServiceInstance", transport)
        try:
            with time_limit(self.endpoint.connect_timeout + self.endpoint.call_timeout):
                sessions: Any = service.RetrieveContent().sessionManager
                sessions.Login(self.endpoint.username, self.endpoint.password, None)
        except (VSphereError, *TRANSLATED) as exc:
            transport.DropConnections()
            error = translate(exc, source=str(self.endpoint))
            seconds = _REFUSED_SECONDS if isinstance(error, AuthenticationFailed) else _UNREACHABLE_SECONDS
            self._refusal = _Refusal(error, monotonic() + seconds)
            raise error from exc
        LOG.info("Logged in to %s as %s", self.endpoint, self.endpoint.username)
        return _Login(transport, sessions)


class _Stub(SoapAdapter.StubAdapterBase):  # type: ignore[misc]  # pyVmomi has no types
    """What the managed objects of a session call through: it outlives the logins.

    Each login has a transport, hence a cookie, of its own. On one shared cookie, a late answer to a call of
    the former login could overwrite the new login's.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(API_VERSION)
        self._session = session

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:  # noqa: N802 - pyVmomi's name
        require_time_limit()
        login = self._session.logged_in()
        status, answer = self._invoke(login, mo, info, args)
        if _is_over(login, answer):
            # vCenter refused before it did anything, so this one repetition is safe.
            self._session.forget(login)
            status, answer = self._invoke(self._session.logged_in(), mo, info, args)
        if status == 200:
            return answer
        raise answer

    def _invoke(self, login: _Login, mo: Any, info: Any, args: Any) -> tuple[int, Any]:
        try:
            return login.transport.InvokeMethod(mo, info, args, self)
        except (VSphereError, *TRANSLATED):
            raise
        except Exception as exc:
            raise Unavailable(
                f"{self._session.endpoint}: the answer to {info.name} cannot be read: {exc!r}"
            ) from exc


def _is_over(login: _Login, answer: Any) -> bool:
    """Tell by an answer whether vCenter ended the login.

    The property collector does not raise for it: it puts the fault beside each property. But it may do so
    for an object that the account may not see, too; to log in again each time for that would be a storm.
    """
    if not isinstance(answer, vmodl.query.PropertyCollector.RetrieveResult):
        return isinstance(answer, vim.fault.NotAuthenticated)
    missing = [item.fault for content in answer.objects[:1] for item in content.missingSet]
    if not any(isinstance(fault, vim.fault.NotAuthenticated) for fault in missing):
        return False
    try:
        return login.sessions.currentSession is None
    except vim.fault.NotAuthenticated:
        return True
