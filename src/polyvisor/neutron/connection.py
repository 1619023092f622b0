"""A vCenter as one Neutron process sees it: a session, a deadline, and a memory of when it was found dead."""

import functools
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from oslo_log import log

from polyvisor.neutron import conf
from polyvisor.vsphere.faults import AuthenticationFailed, Unavailable
from polyvisor.vsphere.session import Endpoint, Session

LOG = log.getLogger(__name__)
T = TypeVar("T")


class Connection:
    """Runs work against one vCenter. Thread-safe, and does not connect before its first work.

    ML2 tries a failed bind ten times at once. So a vCenter that did not answer is left alone for
    `breaker_seconds`: only the first try pays for the wait.
    """

    def __init__(self, vcenter: conf.VCenter, clock: Callable[[], float] = time.monotonic) -> None:
        self._vcenter = vcenter
        self._clock = clock
        self._lock = threading.Lock()
        self._process: _Process | None = None

    def run(self, work: Callable[[Session], T], *, deadline: float) -> T:
        """Give what `work` returns, if it does so within `deadline` seconds.

        Work that takes longer is not stopped, only no longer waited for: it must be safe to repeat.

        Raises:
            Unavailable: vCenter did not answer now, or a moment ago.
            AuthenticationFailed: it refused the login. The session does not try again for a while, lest the
                account be locked, unless the password file changes.
            VSphereError: and whatever else `work` raises.
            ConfigError: the password file cannot be read.
        """
        process = self._current()
        if (left := process.down_until - self._clock()) > 0:
            raise Unavailable(f"left alone for {left:.0f} more seconds: {process.reason}")
        job = process.pool.submit(work, process.session)
        try:
            return job.result(timeout=deadline)
        except TimeoutError:
            job.cancel()
            raise self._down(
                process, f"{process.session.endpoint}: no end in {deadline:.2g} seconds"
            ) from None
        except Unavailable as exc:
            raise self._down(process, str(exc)) from exc
        except AuthenticationFailed as exc:
            where = f"[{conf.VCENTER_PREFIX}{self._vcenter.name}] username and password_file"
            if not process.login_refused:
                # Once, as ML2 alone tries ten times; each refused port still has its own warning.
                LOG.error(  # noqa: TRY400 - the text says it all
                    "vCenter %s refuses the login: %s; check %s", self._vcenter.name, exc, where
                )
                process.login_refused = True
            self._forget_old_password(process)
            raise AuthenticationFailed(f"{exc}; check {where}") from exc

    def _down(self, process: "_Process", reason: str) -> Unavailable:
        process.reason = reason
        process.down_until = self._clock() + self._vcenter.breaker_seconds
        LOG.error(
            "vCenter %s is left alone for %g seconds: %s",
            self._vcenter.name,
            self._vcenter.breaker_seconds,
            reason,
        )
        return Unavailable(reason)

    def _current(self) -> "_Process":
        with self._lock:
            if self._process is None or self._process.pid != os.getpid():
                self._process = _Process(Session(self._endpoint()))
            return self._process

    def _forget_old_password(self, process: "_Process") -> None:
        """Let the next work log in anew, if the password file was changed since the refused login."""
        with self._lock:
            if self._process is process and process.session.endpoint != self._endpoint():
                self._process = None

    def _endpoint(self) -> Endpoint:
        vcenter = self._vcenter
        return Endpoint(
            host=vcenter.host,
            port=vcenter.port,
            username=vcenter.username,
            password=conf.read_password(vcenter),
            ca_file=vcenter.ca_file,
            insecure=vcenter.insecure,
            connect_timeout=vcenter.connect_timeout,
            call_timeout=vcenter.call_timeout,
        )


@functools.cache
def connect(vcenter: conf.VCenter) -> Connection:
    """The connection that all drivers of this process share: what one found out, the other need not."""
    return Connection(vcenter)


@dataclass
class _Process:
    """What a forked child must not share with its parent: sockets, threads, and what they found out."""

    session: Session
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(thread_name_prefix="vcenter"))
    pid: int = field(default_factory=os.getpid)
    login_refused: bool = False
    down_until: float = 0.0
    reason: str = ""
