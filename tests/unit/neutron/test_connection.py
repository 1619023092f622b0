import threading
from pathlib import Path

import pytest

from polyvisor.neutron import conf
from polyvisor.neutron.connection import Connection, connect
from polyvisor.vsphere.faults import AuthenticationFailed, NotFound, Unavailable
from polyvisor.vsphere.session import Session


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Fails as told, and counts how often it was asked."""

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.fails = fails
        self.sessions: list[Session] = []

    def __call__(self, session: Session) -> str:
        self.sessions.append(session)
        if self.fails:
            raise self.fails
        return "done"


@pytest.fixture
def vcenter(tmp_path: Path) -> conf.VCenter:
    password_file = tmp_path / "password"
    password_file.write_text("first")
    return conf.VCenter("vc1", "vcenter.invalid", 443, "neutron", str(password_file), None, False, 1, 1, 30)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connection(vcenter: conf.VCenter, clock: Clock) -> Connection:
    return Connection(vcenter, clock)


def test_work_gets_one_session_and_gives_its_result(connection: Connection) -> None:
    work = Work()
    assert [connection.run(work, deadline=5) for _ in range(2)] == ["done", "done"]
    assert work.sessions[0] is work.sessions[1]


def test_a_dead_vcenter_is_asked_once_and_again_later(connection: Connection, clock: Clock) -> None:
    work = Work(fails=Unavailable("vCenter x: no answer"))
    with pytest.raises(Unavailable, match="no answer"):
        connection.run(work, deadline=5)
    for _ in range(9):
        with pytest.raises(Unavailable, match="left alone for 30 more seconds: vCenter x: no answer"):
            connection.run(work, deadline=5)
    assert len(work.sessions) == 1
    clock.now += 30
    work.fails = None
    assert connection.run(work, deadline=5) == "done"


def test_a_deadline_is_kept_whatever_the_work_waits_for(connection: Connection) -> None:
    released = threading.Event()
    with pytest.raises(Unavailable, match=r"no end in 0\.01 seconds"):
        connection.run(lambda _: released.wait(60), deadline=0.01)
    released.set()


def test_a_refusal_is_no_reason_to_leave_vcenter_alone(connection: Connection) -> None:
    with pytest.raises(NotFound):
        connection.run(Work(fails=NotFound("no switch")), deadline=5)
    assert connection.run(Work(), deadline=5) == "done"


def test_after_a_refused_login_a_changed_password_is_taken(
    connection: Connection, vcenter: conf.VCenter
) -> None:
    work = Work(fails=AuthenticationFailed("Login failure"))
    for _ in range(2):
        with pytest.raises(AuthenticationFailed, match=r"check \[vmware_vcenter:vc1\] username"):
            connection.run(work, deadline=5)
    assert work.sessions[0] is work.sessions[1]
    Path(vcenter.password_file).write_text("second")
    with pytest.raises(AuthenticationFailed):
        connection.run(work, deadline=5)
    work.fails = None
    connection.run(work, deadline=5)
    assert work.sessions[-1].endpoint.password == "second"


def test_a_refused_login_is_loud_once(connection: Connection, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(10):
        with pytest.raises(AuthenticationFailed):
            connection.run(Work(fails=AuthenticationFailed("Login failure")), deadline=5)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "vCenter vc1 refuses the login: Login failure; check [vmware_vcenter:vc1] username and password_file"
    ]


def test_all_drivers_of_a_process_share_a_connection(vcenter: conf.VCenter) -> None:
    assert connect(vcenter) is connect(vcenter)


def test_a_forked_process_gets_a_session_of_its_own(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work()
    connection.run(work, deadline=5)
    monkeypatch.setattr("os.getpid", lambda: -1)
    connection.run(work, deadline=5)
    assert work.sessions[0] is not work.sessions[1]
