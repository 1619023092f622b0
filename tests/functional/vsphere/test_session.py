"""Logging in, staying logged in, and giving up in time."""

import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic

import pytest
from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import (
    AuthenticationFailed,
    CertificateRefused,
    InvalidInput,
    Unavailable,
    Unreachable,
    VSphereError,
)
from polyvisor.vsphere.inventory import retrieve
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.transport import Transport, time_limit, tls_context
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.vsphere.conftest import SickServer, endpoint_of, terminate

OpenSession = Callable[[Endpoint], Session]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 1000000\r\n\r\n"


def server_time(session: Session) -> object:
    """Make one cheap call that needs a login."""
    service = session.managed_object(vim.ServiceInstance, "ServiceInstance")
    return session.call(service.CurrentTime)


def logins(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.message.startswith("Logged in") for record in caplog.records)


def test_content(session: Session) -> None:
    assert session.content.about.apiType == "VirtualCenter"


def test_nothing_is_sent_before_the_first_call() -> None:
    assert "127.0.0.1:1" in repr(Session(Endpoint("127.0.0.1", "user", "secret", port=1)))


def test_certificate_of_an_unknown_authority(brownfield: VCenter, open_session: OpenSession) -> None:
    stranger = open_session(endpoint_of(brownfield, ca_file=None))
    with pytest.raises(CertificateRefused, match="ca_file"):
        server_time(stranger)


def test_certificate_for_another_name(brownfield: VCenter, open_session: OpenSession) -> None:
    with pytest.raises(CertificateRefused, match="localhost"):
        server_time(open_session(endpoint_of(brownfield, host="localhost")))


def test_any_certificate_if_a_person_says_so(brownfield: VCenter, open_session: OpenSession) -> None:
    assert server_time(open_session(endpoint_of(brownfield, ca_file=None, insecure=True)))


def test_unreadable_ca_file(brownfield: VCenter) -> None:
    with pytest.raises(InvalidInput, match=r"/nonexistent/ca\.pem"):
        Session(endpoint_of(brownfield, ca_file="/nonexistent/ca.pem"))


def test_nobody_listens(open_session: OpenSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}"):
        server_time(open_session(Endpoint("127.0.0.1", "user", "secret", port)))


def test_server_that_never_shakes_hands(open_session: OpenSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("127.0.0.1", "user", "secret", listener.getsockname()[1], connect_timeout=0.3)
        start = monotonic()
        with pytest.raises(Unreachable, match="no answer in time"):
            server_time(open_session(endpoint))
    assert monotonic() - start < 2


@pytest.mark.parametrize(
    ("head", "drop"),
    [(b"", b""), (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), (HEAD, b" ")],
    ids=["silent", "drips headers", "drips a body"],
)
def test_server_that_hangs(
    sick_server: SickServer, open_session: OpenSession, head: bytes, drop: bytes
) -> None:
    session = open_session(replace(sick_server(head, drop), call_timeout=0.5, connect_timeout=0.5))
    start = monotonic()
    with pytest.raises(Unavailable, match="no answer in time"):
        server_time(session)
    assert monotonic() - start < 3


def test_many_threads_on_a_server_that_hangs_wait_together(
    sick_server: SickServer, open_session: OpenSession
) -> None:
    session = open_session(replace(sick_server(b"", b""), call_timeout=0.5, connect_timeout=0.5))
    start = monotonic()
    with ThreadPoolExecutor(20) as pool:
        results = [pool.submit(server_time, session) for _ in range(20)]
    assert monotonic() - start < 3
    assert all(isinstance(result.exception(), Unavailable) for result in results)


def test_answer_that_is_not_xml(sick_server: SickServer, open_session: OpenSession) -> None:
    page = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nWelcome! "
    with pytest.raises(Unavailable, match="ExpatError"):
        server_time(open_session(sick_server(page, b"")))


def test_vcenter_that_is_starting(sick_server: SickServer, open_session: OpenSession) -> None:
    page = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Unavailable, match="503 Service Unavailable"):
        server_time(open_session(sick_server(page, b"")))


def test_wrong_password_is_tried_once(vcenter: StartVCenter, open_session: OpenSession) -> None:
    """Each further try would bring the account nearer to being locked."""
    running = vcenter()
    session = open_session(endpoint_of(running, password="wrong"))
    with pytest.raises(AuthenticationFailed):
        server_time(session)
    running.stop()
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(server_time, session) for _ in range(8)]
    assert {type(result.exception()) for result in results} == {AuthenticationFailed}


def test_password_shows_nowhere(
    brownfield: VCenter, open_session: OpenSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = endpoint_of(brownfield, password="hunter2-wrong")
    session = open_session(endpoint)
    with pytest.raises(VSphereError) as caught:
        server_time(session)
    shown = f"{endpoint} {endpoint!r} {session!r} {caught.value} {caught.value.__cause__} {caplog.text}"
    assert "hunter2" not in shown


def test_a_session_that_vcenter_ended_is_renewed_once(
    session: Session, administrator: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="polyvisor.vsphere.session")
    for _ in range(5):
        server_time(administrator)
        terminate(administrator, session)
        caplog.clear()
        with ThreadPoolExecutor(16) as pool:
            results = list(pool.map(lambda _: server_time(session), range(64)))
        assert all(results)
        assert logins(caplog) == 1


def test_objects_outlive_a_login(session: Session, administrator: Session) -> None:
    root = session.content.rootFolder
    terminate(administrator, session)
    assert session.call(lambda: root.name) == "Datacenters"


def test_properties_after_the_session_ended(session: Session, administrator: Session) -> None:
    """The property collector has its own way to say that it knows no session."""
    spec = object_filter(session.content.rootFolder, ["name"])
    terminate(administrator, session)
    assert list(retrieve(session, spec).values()) == [{"name": "Datacenters"}]


def test_close_logs_out(session: Session, administrator: Session) -> None:
    key = session.call(lambda: session.content.sessionManager.currentSession.key)
    session.close()
    sessions = administrator.call(lambda: administrator.content.sessionManager.sessionList)
    assert key not in {other.key for other in sessions}


def test_a_closed_session_can_be_used_again(session: Session) -> None:
    session.close()
    assert server_time(session)


def test_a_connection_that_was_closed_with_its_answer(brownfield: VCenter) -> None:
    """A server may say "Connection: close"; pyVmomi pools the rest of the connection nevertheless."""
    endpoint = endpoint_of(brownfield)
    transport = Transport(endpoint, tls_context(endpoint))
    with time_limit(5):
        first = transport.GetConnection()
        first.close()
        transport.ReturnConnection(first)
        second = transport.GetConnection()
    assert second.sock
    second.close()


def test_no_call_without_a_time_limit(session: Session) -> None:
    root = session.content.rootFolder
    with pytest.raises(RuntimeError, match=r"Session\.call"):
        _ = root.name


def test_vcenter_that_was_restarted(vcenter: StartVCenter, open_session: OpenSession, tmp_path: Path) -> None:
    """The pooled connections are dead and the session is unknown: neither shows."""
    password = tmp_path / "same"
    password.write_text("the same for both")
    first = vcenter("-password-file", str(password))
    session = open_session(endpoint_of(first, password="the same for both"))
    server_time(session)
    first.stop()
    vcenter("-password-file", str(password), "-listen", f"127.0.0.1:{first.port}")
    assert server_time(session)
