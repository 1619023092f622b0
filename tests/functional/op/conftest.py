"""The platform for tests: the real application on a real database, of either kind."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from polyvisor.op.api.app import PREFIX, make_app
from polyvisor.op.api.dependencies import CSRF_HEADER
from polyvisor.op.db.engine import Database
from polyvisor.op.db.migrate import migrate
from polyvisor.op.identity import access, grant
from polyvisor.op.identity import user as users
from polyvisor.op.identity.actor import Actor
from polyvisor.op.identity.user import Profile
from polyvisor.op.platform import Platform, open_platform
from polyvisor.op.settings import Settings
from tests.functional.op import keystone as keystones
from tests.functional.op import postgresql

PASSWORD = "a-long-enough-password"
TESTER = Actor("tester", "command")


class Op:
    """The platform under test, and what tests do with it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.app = make_app(platform)
        self.admin = self.user("chief", "administrator")

    def anonymous(self) -> TestClient:
        """A browser without a session. Paths are below /api/v1/."""
        # Not a `with`: its lifespan is nobody's, and the platform is closed by the fixture.
        return TestClient(
            self.app,
            base_url=f"{self.platform.settings.url}{PREFIX}/",
            raise_server_exceptions=False,
            follow_redirects=False,
        )

    def login(self, name: str, password: str = PASSWORD) -> TestClient:
        """A browser that somebody is logged in with; it sends the CSRF token."""
        client = self.anonymous()
        answer = client.post("session", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        client.headers[CSRF_HEADER] = answer.json()["csrf"]
        return client

    def user(
        self, name: str, role: str | None = None, node: str = "/", *, inherited: bool = True
    ) -> TestClient:
        """Make a user, with a role if one is named, and log in."""
        with self.platform.database.write() as session:
            made = users.create(session, TESTER, name, PASSWORD, Profile())
            if role:
                everything = access.unlimited(TESTER)
                grant.create(session, everything, made.id, role, node, inherited=inherited)
        return self.login(name)

    def make(self, path: str, **body: Any) -> Any:
        """What an administrator's POST gives; it must succeed."""
        answer = self.admin.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing else, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """A PostgreSQL with a database ``empty`` that has the schema and nothing else."""
    with postgresql.run_postgresql() as folder:
        _migrate(postgresql.create(folder, "empty"))
        yield folder


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database with the schema, of each kind in turn."""
    if request.param == "postgresql":
        folder = request.getfixturevalue("postgres")
        return postgresql.create(folder, uuid.uuid4().hex, template="empty")
    shutil.copy(request.getfixturevalue("empty_sqlite"), tmp_path / "op.sqlite3")
    return f"sqlite:///{tmp_path / 'op.sqlite3'}"


#: Short times, so that nothing has to be waited for long.
QUICK = {"cloud_call_seconds": 10, "breaker_seconds": 2, "probe_seconds": 1, "reconcile_seconds": 1}


@pytest.fixture
def settings(tmp_path: Path, store: str) -> Settings:
    """Settings of a platform of its own; tests may copy them with others."""
    return Settings(data=tmp_path / "data", database_url=store, **QUICK)  # type: ignore[arg-type]


@pytest.fixture
def open_op() -> Iterator[Callable[[Settings], Op]]:
    """A function that opens a platform with settings; it is closed after the test."""
    with ExitStack() as stack:

        def opened(wanted: Settings) -> Op:
            platform = open_platform(wanted)
            stack.callback(platform.close)
            return Op(platform)

        yield opened


@pytest.fixture
def op(open_op: Callable[[Settings], Op], settings: Settings) -> Op:
    """A platform with one administrator, logged in as ``op.admin``."""
    return open_op(settings)


@pytest.fixture(scope="session")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keystones.Keystone]:
    """A real Keystone; tests that stop it start it again."""
    with keystones.run_keystone(tmp_path_factory.mktemp("keystone")) as running:
        yield running


@pytest.fixture
def cloud(op: Op, keystone: keystones.Keystone) -> Any:
    """The Keystone, registered as the cloud ``north``."""
    credential = {"type": "clouds_yaml", "entry": keystone.entry}
    return op.make("clouds", name="north", region="one", credential=credential)
