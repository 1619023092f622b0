"""Consoles by the platform's relay: a real websocket server stands for the cloud's, and speaks RFB."""

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from polyvisor.op.console import ticket
from polyvisor.op.console.cloud import socket_of
from polyvisor.op.db.base import new_id, now
from polyvisor.op.db.models import Cloud, Resource, User
from polyvisor.op.db.models.cloud import Health
from polyvisor.op.problem import CloudRefused
from polyvisor.sandbox import certificates, probes

VERSION, SECURITY = b"RFB 003.008\n", b"\x01\x01"
ENDINGS = {"time": {"console_hours": 0.5 / 3600}, "right": {"console_check_seconds": 0.1}}


def speak(connection: ServerConnection) -> None:
    """The beginning of RFB; after that the server says what it hears, until it hears "end"."""
    assert "token=s3cret" in connection.request.path  # type: ignore[union-attr]
    connection.send(VERSION)
    assert connection.recv() == VERSION
    connection.send(SECURITY)
    for message in connection:
        if message == b"end":
            return
        connection.send(message)


@contextlib.contextmanager
def proxy(context: ssl.SSLContext | None = None) -> Iterator[str]:
    """A console proxy of a cloud's; gives the address of a console."""
    with serve(speak, "127.0.0.1", 0, ssl=context, subprotocols=["binary"]) as server:  # type: ignore[list-item]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        yield f"{'wss' if context else 'ws'}://127.0.0.1:{port}/?token=s3cret"
        server.shutdown()
        thread.join()


class Desk:
    """A server of a tenant, and tickets to its console."""

    def __init__(self, op: Any, ca_certificate: str | None = None) -> None:
        self.op = op
        self.tenant = op.make("tenants", name="sales")
        cloud = Cloud(
            name="north",
            auth_url="http://127.0.0.1:9/v3",
            auth_type="v3password",
            credential=op.platform.vault.seal({"auth_type": "v3password", "auth": {}}),
            health=Health.OK,
            capabilities={},
            ca_certificate=ca_certificate,
        )
        with op.platform.database.write() as session:
            session.add(cloud)
            session.flush()
            server = Resource(
                id=new_id(),
                kind="server",
                cloud_id=cloud.id,
                external_id=new_id(),
                tenant_id=self.tenant["id"],
                name="web",
                name_key="web",
                status="ACTIVE",
                words="web",
                digest="",
                seen_at=now(),
            )
            session.add(server)
        self.server = str(server.id)

    def ticket(self, address: str, user: str = "chief", seconds: float = 30) -> str:
        with self.op.platform.database.write() as session:
            found = session.query(User).filter_by(name=user).one()
            vault = self.op.platform.vault
            about = {"user_id": found.id, "resource_id": self.server}
            return ticket.issue(session, vault, **about, address=address, seconds=seconds).secret

    def open(self, secret: str, client: Any = None) -> Any:
        client = client or self.op.admin
        path = f"resources/{self.server}/console"
        address = str(client.base_url.join(path)).replace("http", "ws", 1)
        return client.websocket_connect(address, subprotocols=["binary", f"ticket.{secret}"])

    def log(self) -> list[tuple[str, str, str | None]]:
        """What the audit log has of consoles, the latest first."""
        items = self.op.admin.get("audit", params={"q": "server.console"}).json()["items"]
        return [(one["action"], one["outcome"], one["detail"].get("reason")) for one in items]


@pytest.fixture
def desk(op: Any) -> Desk:
    return Desk(op)


def refusal(opening: Callable[[], Any]) -> int:
    """The status that a websocket is refused with."""
    with pytest.raises(WebSocketDenialResponse) as caught, opening():
        pass
    assert caught.value.headers["content-type"] == "application/problem+json"
    return int(caught.value.status_code)


def closing(session: Any) -> tuple[int, str]:
    with pytest.raises(WebSocketDisconnect) as caught:
        session.receive_bytes()
    return caught.value.code, caught.value.reason


def test_both_directions_are_carried_and_the_end_of_the_clouds_is_told(desk: Desk) -> None:
    with proxy() as address, desk.open(desk.ticket(address)) as console:
        assert console.accepted_subprotocol == "binary"
        assert console.receive_bytes() == VERSION
        console.send_bytes(VERSION)
        assert console.receive_bytes() == SECURITY
        picture = bytes(range(256)) * 4096
        console.send_bytes(picture)
        assert console.receive_bytes() == picture
        console.send_bytes(b"end")
        assert closing(console) == (4410, "ended")
    assert desk.log() == [("server.console.close", "done", "ended"), ("server.console.open", "done", None)]


def test_who_leaves_ends_it(desk: Desk) -> None:
    left = ("server.console.close", "done", "left")
    with proxy() as address, desk.open(desk.ticket(address)) as console:
        assert console.receive_bytes() == VERSION
        console.close()
        probes.wait(lambda: None if left in desk.log() else "the entry in the log", 20, lambda _: None)


def test_a_ticket_is_good_once_soon_and_for_its_user_only(desk: Desk) -> None:
    operator = desk.op.user("ann", "operator")
    with proxy() as address:
        secret = desk.ticket(address)
        assert refusal(lambda: desk.open(secret, operator)) == 403
        with desk.open(secret) as console:
            assert console.receive_bytes() == VERSION
        assert refusal(lambda: desk.open(secret)) == 403
        assert refusal(lambda: desk.open(desk.ticket(address, seconds=-1))) == 403
        assert refusal(lambda: desk.open("made-up")) == 403
    assert [outcome for _, outcome, _ in desk.log()].count("denied") == 4


def test_whoever_may_not_see_the_server_or_its_console_is_refused(desk: Desk) -> None:
    other = desk.op.make("tenants", name="support")
    stranger = desk.op.user("li", "user", other["node"])
    auditor = desk.op.user("eve", "auditor")
    with proxy() as address:
        assert refusal(lambda: desk.open(desk.ticket(address, "li"), stranger)) == 404
        assert refusal(lambda: desk.open(desk.ticket(address, "eve"), auditor)) == 403
        assert refusal(lambda: desk.open(desk.ticket(address), desk.op.anonymous())) == 401


def test_a_cloud_whose_proxy_is_gone_is_told(desk: Desk) -> None:
    with proxy() as address:
        pass
    with desk.open(desk.ticket(address)) as console:
        assert closing(console) == (4503, "cloud_unavailable")
    assert desk.log()[0] == ("server.console.close", "failed", "cloud_unavailable")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_clouds_certificate_is_verified(op: Any, tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "vcenter.pem", tmp_path / "vcenter.key")
    desk = Desk(op, (tmp_path / "ca.pem").read_text())
    with proxy(context) as address:
        with desk.open(desk.ticket(address)) as console:
            assert console.receive_bytes() == VERSION
        with op.platform.database.write() as session:
            session.query(Cloud).one().ca_certificate = None
        with desk.open(desk.ticket(address)) as console:
            assert closing(console) == (4503, "cloud_unavailable")


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("why", "code"), [("time", 4408), ("right", 4403)])
def test_it_ends_when_its_time_is_over_or_who_looks_has_lost_the_right(
    settings: Any, open_op: Any, why: str, code: int
) -> None:
    desk = Desk(open_op(settings.model_copy(update=ENDINGS[why])))
    client = desk.op.user("li", "user", desk.tenant["node"])
    with proxy() as address, desk.open(desk.ticket(address, "li"), client) as console:
        assert console.receive_bytes() == VERSION
        if why == "right":
            assert client.delete("session").status_code == 204
        assert closing(console)[0] == code


@pytest.mark.parametrize(
    ("page", "socket"),
    [
        ("http://c:6080/vnc_lite.html?path=%3Ftoken%3Dabc", "ws://c:6080/?token=abc"),
        ("https://c/novnc/vnc_lite.html?path=%3Ftoken%3Dabc", "wss://c/novnc/?token=abc"),
        ("https://c/vnc.html?autoconnect=1&path=websockify%3Ftoken%3Dabc", "wss://c/websockify?token=abc"),
        ("http://c:6080/vnc_auto.html?token=abc", "ws://c:6080/?token=abc"),
    ],
)
def test_the_socket_behind_the_clouds_page_is_known(page: str, socket: str) -> None:
    assert socket_of(page) == socket


@pytest.mark.parametrize("page", ["", "tcp://c/?token=abc", "http:///?token=abc", "http://c:x/?token=abc"])
def test_an_address_that_is_no_page_is_refused_and_not_repeated(page: str) -> None:
    with pytest.raises(CloudRefused, match="novncproxy_base_url") as caught:
        socket_of(page)
    assert "abc" not in str(caught.value)


def test_a_proxy_that_sends_elsewhere_is_told_without_its_secret(desk: Desk) -> None:
    def process_request(connection: ServerConnection, _request: Request) -> Response:
        answer = connection.respond(302, "")
        answer.headers["Location"] = "ws:///?token=s3cret"
        return answer

    with serve(speak, "127.0.0.1", 0, process_request=process_request) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        with desk.open(desk.ticket(f"ws://127.0.0.1:{port}/?token=s3cret")) as console:
            code, _ = closing(console)
        server.shutdown()
        thread.join()
    assert code == 4503
    assert "s3cret" not in str(desk.log())
