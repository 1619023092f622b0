"""Work on clouds: each in threads of its own, with a time limit and a circuit breaker.

One openstacksdk Connection for each cloud and project is kept; threads share it.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import certifi
import openstack
from sqlalchemy.orm import Session

from polyvisor.op.clouds import faults
from polyvisor.op.clouds.breaker import Breaker, BreakerOpen
from polyvisor.op.clouds.credential import Credential, Reach
from polyvisor.op.db.engine import Database
from polyvisor.op.db.models import Cloud, Project
from polyvisor.op.message import say
from polyvisor.op.problem import CloudUnavailable, Conflict, NotFound
from polyvisor.op.settings import Settings
from polyvisor.op.vault import Vault

T = TypeVar("T")
Work = Callable[[Any], T]
#: Threads for each cloud: a cloud that hangs takes these and no more.
THREADS = 16


@dataclass
class _Line:
    """What this process has for one cloud."""

    breaker: Breaker
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "cloud"))
    #: (project or None) -> (versions of cloud and project, connection)
    connections: dict[str | None, tuple[tuple[int, int], Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Way:
    name: str
    versions: tuple[int, int]
    reach: Reach


class Clouds:
    """All registered clouds, as this process reaches them. Thread-safe."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self._database = database
        self._vault = vault
        self._settings = settings
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def run(
        self, cloud_id: str, work: Work[T], *, project_id: str | None = None, deadline: float | None = None
    ) -> T:
        """Give what ``work`` makes of an openstacksdk Connection, if it does within ``deadline`` seconds.

        With ``project_id``, the platform's id of a project, it acts as that project's account; without, as
        the account that the cloud was registered with. Work that takes longer is not stopped, only no
        longer waited for: it must be safe to repeat. Never call this inside ``Database.write``.

        Raises:
            CloudUnavailable: the cloud does not answer, or did not a moment ago.
            CloudRefused: it does not accept the credential.
            NotFound, Conflict: no such cloud or project, or the project has no account yet.
            VaultError: the credential is of another key.
        And what else ``work`` raises, as openstack.exceptions.NotFoundException: see ``faults.of_request``.
        """
        with self._database.read() as session:
            way = self._way(session, cloud_id, project_id)
        line = self._line(cloud_id)
        try:
            line.breaker.enter()
        except BreakerOpen as still:
            raise CloudUnavailable(
                say("cloud_left_alone", cloud=way.name, seconds=round(still.seconds), reason=still.reason),
                retry_after=still.seconds,
            ) from None
        seconds = deadline or self._settings.cloud_call_seconds
        return self._guarded(line, way, seconds, lambda: work(self._connection(cloud_id, project_id, way)))

    def connect(self, cloud_id: str) -> Any:
        """An openstacksdk Connection as the account of a cloud that answers now, for work with time limits
        of its own. Raises as ``run`` does.
        """

        def answering(connection: Any) -> Any:
            connection.session.get_token()
            return connection

        return self.run(cloud_id, answering)

    def trust(self, cloud_id: str) -> ssl.SSLContext:
        """How certificates are verified of what belongs to a cloud, but is not in its catalog: as its API's.

        Raises NotFound, VaultError.
        """
        with self._database.read() as session:
            reach = self._way(session, cloud_id, None).reach
        # What a cloud's API is verified by if nothing else is said.
        context = ssl.create_default_context(cafile=None if reach.ca_certificate else certifi.where())
        if reach.ca_certificate:
            context.load_verify_locations(cadata=reach.ca_certificate)
        if reach.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    def try_out(self, name: str, reach: Reach, work: Work[T], *, deadline: float | None = None) -> T:
        """Run work on a cloud that is not registered (yet), or not in this way. Raises as ``run`` does."""
        seconds = deadline or self._settings.cloud_call_seconds
        line = _Line(Breaker(1, 1))
        try:
            return self._guarded(line, _Way(name, (0, 0), reach), seconds, lambda: work(self._connect(reach)))
        finally:
            line.pool.shutdown(wait=False)

    def forget(self, cloud_id: str) -> None:
        """Let go of what is kept for a cloud: it was removed, or shall be tried again at once."""
        with self._lock:
            line = self._lines.pop(cloud_id, None)
        if line is not None:
            line.pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Let go of all clouds."""
        for cloud_id in list(self._lines):
            self.forget(cloud_id)

    def _guarded(self, line: _Line, way: _Way, seconds: float, job: Callable[[], T]) -> T:
        future = line.pool.submit(job)
        try:
            result = future.result(timeout=seconds)
        except TimeoutError:
            future.cancel()
            reason = say("cloud_slow", cloud=way.name, seconds=f"{seconds:.3g}")
            line.breaker.failed(reason)
            raise CloudUnavailable(reason) from None
        except Exception as fault:
            problem = faults.of_connection(way.name, fault)
            if problem is None:
                line.breaker.succeeded()  # it answered, only not as was wished
                raise
            line.breaker.failed(problem.message)
            raise problem from fault
        line.breaker.succeeded()
        return result

    def _line(self, cloud_id: str) -> _Line:
        with self._lock:
            if cloud_id not in self._lines:
                breaker = Breaker(self._settings.breaker_failures, self._settings.breaker_seconds)
                self._lines[cloud_id] = _Line(breaker)
            return self._lines[cloud_id]

    def _way(self, session: Session, cloud_id: str, project_id: str | None) -> _Way:
        """How to reach it, as it is now: another process may have changed it."""
        cloud = session.get(Cloud, cloud_id)
        if cloud is None:
            raise NotFound.of("cloud", cloud_id)
        sealed, version = cloud.credential, 0
        if project_id is not None:
            project = session.get(Project, project_id)
            if project is None or project.cloud_id != cloud_id:
                raise NotFound.of("project", project_id)
            if project.credential is None:
                raise Conflict(
                    say("project_not_ready", project=project.name, cloud=cloud.name, reason=project.why_not)
                )
            sealed, version = project.credential, project.version
        credential = Credential(**self._vault.open(sealed))
        reach = Reach(credential, cloud.region, cloud.ca_certificate, cloud.insecure)
        return _Way(cloud.name, (cloud.version, version), reach)

    def _connection(self, cloud_id: str, project_id: str | None, way: _Way) -> Any:
        line = self._line(cloud_id)
        kept = line.connections.get(project_id)
        if kept is not None and kept[0] == way.versions:
            return kept[1]
        made = self._connect(way.reach)
        line.connections[project_id] = (way.versions, made)
        return made

    def _connect(self, reach: Reach) -> Any:
        loader = openstack.config.OpenStackConfig(
            load_yaml_config=False, load_envvars=False, app_name="polyvisor"
        )
        region = loader.get_one(
            auth_type=reach.credential.auth_type,
            auth=dict(reach.credential.auth),
            region_name=reach.region,
            interface=reach.credential.interface,
            verify=not reach.insecure,
            cacert=ca_file(self._settings, reach.ca_certificate) if reach.ca_certificate else None,
        )
        # A limit for each request too, or a thread whose caller has given up would never be free again.
        return openstack.connection.Connection(config=region, api_timeout=self._settings.cloud_call_seconds)


def ca_file(settings: Settings, pem: str) -> str:
    """A file with these certificates, for libraries that take nothing else."""
    folder: Path = settings.data / "ca"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(pem.encode()).hexdigest()[:32]}.pem"
    partial = file.with_suffix(f".{threading.get_ident()}")
    partial.write_text(pem)
    partial.replace(file)
    return str(file)
