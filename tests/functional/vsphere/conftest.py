"""Sessions on the vCenter simulator, and servers that are sick."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
from pyVmomi import vim

from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.conftest import StartVCenter, VCenter


def endpoint_of(vcenter: VCenter, **changes: Any) -> Endpoint:
    """Give the endpoint of a simulator, with its CA."""
    plain = Endpoint(vcenter.host, vcenter.username, vcenter.password, vcenter.port, vcenter.ca_file)
    return replace(plain, **changes)


@pytest.fixture(scope="module")
def brownfield(module_vcenter: StartVCenter) -> VCenter:
    """A vCenter with 30 VMs that the tests of a module share."""
    return module_vcenter("-vms", "30")


@pytest.fixture
def open_session() -> Iterator[Callable[[Endpoint], Session]]:
    """Give a function that makes sessions, which are closed after the test."""
    with ExitStack() as stack:
        yield lambda endpoint: stack.enter_context(closing(Session(endpoint)))


@pytest.fixture
def session(brownfield: VCenter, open_session: Callable[[Endpoint], Session]) -> Session:
    """A session on the shared vCenter."""
    return open_session(endpoint_of(brownfield))


@pytest.fixture
def administrator(brownfield: VCenter, open_session: Callable[[Endpoint], Session]) -> Session:
    """A second session on the shared vCenter, to do to the first what an administrator may do."""
    return open_session(endpoint_of(brownfield))


def terminate(administrator: Session, session: Session) -> None:
    """Let vCenter end a session, as it does by itself after 30 idle minutes."""
    key = session.call(lambda: session.content.sessionManager.currentSession.key)
    administrator.call(administrator.content.sessionManager.TerminateSession, [key])


def named(session: Session, kind: type, name: str) -> Any:
    """Find an inventory object by its name."""
    found = [key for key, props in collect(session, kind, ["name"]).items() if props["name"] == name]
    assert len(found) == 1, f"{len(found)} of {name}"
    return session.managed_object(kind, found[0])


def cluster_moref(session: Session, name: str = "cluster1") -> str:
    """Find a cluster by its name."""
    return str(named(session, vim.ClusterComputeResource, name)._moId)


SickServer = Callable[[bytes, bytes], Endpoint]


@pytest.fixture
def sick_server(vcenter_certificate: tuple[Path, Path]) -> Iterator[SickServer]:
    """Give a function that starts TLS servers: each answers with a head and then drips a text for ever."""
    cert_file, key_file = vcenter_certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    with ExitStack() as stack:

        def start(head: bytes, drop: bytes) -> Endpoint:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            Thread(target=_accept, args=(listener, context, head, drop), daemon=True).start()
            port = listener.getsockname()[1]
            return Endpoint("127.0.0.1", "user", "secret", port, str(cert_file))

        yield start


def _accept(listener: socket.socket, context: ssl.SSLContext, head: bytes, drop: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        Thread(target=_drip, args=(connection, context, head, drop), daemon=True).start()


def _drip(connection: socket.socket, context: ssl.SSLContext, head: bytes, drop: bytes) -> None:
    """Send the head, then the drop each tenth of a second, until the client has had enough."""
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(head)
            tls.settimeout(0.1)
            while True:
                try:
                    if not tls.recv(65536):
                        return
                except TimeoutError:
                    tls.sendall(drop)
    except OSError:
        return


class Faults:
    """The fault rules of a running simulator."""

    def __init__(self, vcenter: VCenter) -> None:
        self._url = f"{vcenter.url}/faults"
        self._http = requests.Session()
        self._http.auth = (vcenter.username, vcenter.password)
        self._http.trust_env = False  # or its CA bundle would win over ours
        self._http.verify = vcenter.ca_file

    def set(self, *rules: dict[str, Any]) -> None:
        """Put these rules in force, and no others."""
        self._http.put(self._url, json={"rules": rules}, timeout=10).raise_for_status()

    def hits(self) -> list[int]:
        """Count how often each rule was met."""
        rules = self._http.get(self._url, timeout=10).json()["rules"]
        return [rule["hits"] for rule in rules]


@pytest.fixture
def faults(brownfield: VCenter) -> Iterator[Faults]:
    """Fault rules on the shared vCenter, lifted after the test."""
    rules = Faults(brownfield)
    yield rules
    rules.set()
