"""How quick the inventory is with many servers of many clouds: ``python -m benchmarks.op_inventory``.

On a SQLite of its own, or with ``--database`` on an empty PostgreSQL database. The clouds are made up (see
synthetic_cloud), the platform's API, worker and store are real. Prints each figure beside its target; judges
nothing, because a busy machine is not a defect. Of figures in milliseconds it prints the processor time of
this process too, which other programs on the machine do not change.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from polyvisor.op.api.app import PREFIX, make_app
from polyvisor.op.clouds import cloud as clouds
from polyvisor.op.clouds.credential import Credential, Reach
from polyvisor.op.db.base import now
from polyvisor.op.db.migrate import migrate
from polyvisor.op.db.models import Cloud, Event, Grant, Project, Resource, Sync, Tenant
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.identity import token as tokens
from polyvisor.op.identity import user as users
from polyvisor.op.identity.actor import Actor
from polyvisor.op.identity.user import Profile
from polyvisor.op.inventory.sync import Syncer
from polyvisor.op.platform import Platform, open_platform
from polyvisor.op.settings import Settings

ME = Actor("benchmark", "command")
SYNC_SECONDS = 60.0
PAGE_MS = 50.0
CHANGE_SECONDS = 5.0
LISTS: dict[str, dict[str, Any]] = {
    "by name": {"sort": "name"},
    "by name, backwards": {"sort": "-name"},
    "by status": {"sort": "status"},
    "by time": {"sort": "-created"},
    "status ERROR by name": {"status": "ERROR", "sort": "name"},
    "status SHUTOFF by time": {"status": "SHUTOFF", "sort": "created"},
    "one cloud by name": {"cloud": "?", "sort": "name"},
    "one cloud, ERROR, by time": {"cloud": "?", "status": "ERROR", "sort": "-created"},
    "one tenant by name": {"tenant": "?", "sort": "name"},
    "text, rare": {"q": "web-0791"},
    "text, common": {"q": "web"},
    "text, common, ERROR by time": {"q": "team-1", "status": "ERROR", "sort": "-created"},
}


def main() -> None:
    """Run all stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clouds", type=int, default=10)
    parser.add_argument("--servers", type=int, default=10_000, help="of each cloud")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--database", help="SQLAlchemy's URL of an empty PostgreSQL database")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, synthetic(options.clouds, options.servers) as urls:
        # Everything is read once, and afterwards only what has changed.
        settings = Settings(
            data=Path(folder), database_url=options.database, cloud_call_seconds=60, resync_seconds=86400
        )
        platform = open_platform(settings)
        migrate(platform.database)
        measure(platform, urls, options.rounds)
        platform.close()


@contextmanager
def synthetic(count: int, servers: int) -> Iterator[list[str]]:
    """URLs of made up clouds, in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.synthetic_cloud"]
    command += ["--clouds", str(count), "--servers", str(servers)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        urls = json.loads(process.stdout.readline())
        try:
            yield urls
        finally:
            process.stdin.close()


def measure(platform: Platform, urls: list[str], rounds: int) -> None:
    """All stages, one after the other."""
    print(f"store: {platform.database.engine.dialect.name}")
    syncer = Syncer(platform)
    thread = threading.Thread(target=syncer.run)
    thread.start()
    try:
        register(platform, urls[:1])
        tell("everything of the first cloud read", read(platform), SYNC_SECONDS, "s")
        register(platform, urls[1:])
        tell("everything of the other clouds read", read(platform), None, "s")
        tell("from a change at a cloud to its event", change(platform, urls), CHANGE_SECONDS, "s")
    finally:
        syncer.stop()
        thread.join()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell("most memory of the process so far", memory, None, "MiB")
    queries(platform, rounds)


def register(platform: Platform, urls: list[str]) -> None:
    """Register clouds, and give each project to a tenant."""
    for url in urls:
        auth = {"auth_url": f"{url}/v3", "username": "admin", "password": "x", "project_name": "admin"}
        auth |= {"user_domain_id": "default", "project_domain_id": "default"}
        reach = Reach(Credential("v3password", auth), "one")
        clouds.register(platform, ME, url.rpartition(":")[2], reach)


def read(platform: Platform) -> float:
    """Wait until everything of all clouds was read; give the seconds."""
    began = time.monotonic()
    while True:
        with platform.database.read() as session:
            rows = list(session.execute(select(Sync.cloud_id, Sync.state)))
            there = session.scalar(select(func.count()).select_from(Cloud)) or 0
        if len({row.cloud_id for row in rows}) == there and all(row.state != "new" for row in rows):
            failed = {row.state for row in rows} - {"ok", "absent"}
            assert not failed, failed
            return time.monotonic() - began
        time.sleep(0.2)


def change(platform: Platform, urls: list[str], rounds: int = 10) -> float:
    """The longest of some changes."""
    took = []
    for number in range(rounds):
        with platform.database.read() as session:
            last = session.scalar(select(func.max(Event.id))) or 0
        requests.post(f"{urls[number % len(urls)]}/change/{number}", timeout=60).raise_for_status()
        began = time.monotonic()
        while True:
            with platform.database.read() as session:
                if session.scalar(select(Event.id).where(Event.id > last, Event.type == "resource")):
                    break
            time.sleep(0.05)
        took.append(time.monotonic() - began)
    return max(took)


def queries(platform: Platform, rounds: int) -> None:
    """Pages of lists, levels of trees, search."""
    client, tenant = log_in(platform)
    with platform.database.read() as session:
        total = session.scalar(select(func.count()).where(Resource.kind == Kind.SERVER))
        cloud = session.scalars(select(Cloud.id)).first()
        everything = session.scalar(select(func.count()).select_from(Resource))
    print(f"{total} servers, {everything} resources of all kinds; pages of 100")
    # Python would now and then look through all that filling the store has left in this process.
    gc.collect()
    gc.freeze()
    all_of_it: list[tuple[float, float]] = []
    for name, query in LISTS.items():
        wanted = query | {"kind": "server", "limit": 100}
        wanted |= {
            key: {"cloud": cloud, "tenant": tenant}[key] for key, value in query.items() if value == "?"
        }
        all_of_it += show(name, pages(client, wanted, rounds))
    show("all of these", all_of_it)
    show("search box", [timed(client, "search", {"q": f"db-{n:04}"}) for n in range(rounds)])
    show("overview", [timed(client, "overview", {}) for _ in range(rounds)])
    nodes = [("hosts", None), ("hosts", f"cloud:{cloud}"), ("clouds", f"cloud:{cloud}"), ("tenants", None)]
    nodes += [("networks", f"cloud:{cloud}"), ("storage", f"cloud:{cloud}"), ("tenants", f"tenant:{tenant}")]
    for view, parent in nodes:
        query = {"view": view} | ({"parent": parent} if parent else {})
        show(
            f"tree {view} {parent and parent.partition(':')[0]}",
            [timed(client, "tree", query) for _ in range(rounds)],
        )


def log_in(platform: Platform) -> tuple[TestClient, str]:
    """A client with an administrator's token, and a tenant with a project on each cloud."""
    with platform.database.write() as session:
        user = users.create(session, ME, "chief", "a-long-enough-password", Profile())
        session.add(Grant(user_id=user.id, role="administrator", node="/"))
        issued = tokens.issue(session, ME, user, "benchmark", now() + timedelta(days=1), None)
        tenant = Tenant(name="sales", parent_node="/tenants", node="/tenants/" + "5" * 32, id="5" * 32)
        session.add(tenant)
        session.flush()
        for row in session.scalars(
            select(Resource).where(Resource.kind == Kind.PROJECT, Resource.name == "project-3")
        ):
            session.add(
                Project(tenant_id=tenant.id, cloud_id=row.cloud_id, name="s", external_id=row.external_id)
            )
        session.execute(
            text("UPDATE resource SET tenant_id = :tenant WHERE project_id LIKE '%-000000000003'"),
            {"tenant": tenant.id},
        )
    with platform.database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    client = TestClient(make_app(platform), base_url=f"{platform.settings.url}{PREFIX}/")
    client.headers["Authorization"] = f"Bearer {issued.secret}"
    return client, tenant.id


def pages(client: TestClient, query: dict[str, Any], rounds: int) -> list[tuple[float, float]]:
    """The first page, those after it, and some far into the list."""
    took = []
    cursor = None
    for number in range(rounds):
        wanted = query | ({"cursor": cursor, "limit": (100, 1000)[number % 3 == 1]} if cursor else {})
        answer: list[Any] = []
        one = timed(client, "resources", wanted, answer)
        if wanted["limit"] == 100:
            took.append(one)
        cursor = answer[0]["next"]
    return took


def timed(
    client: TestClient, path: str, query: dict[str, Any], answers: list[Any] | None = None
) -> tuple[float, float]:
    """Milliseconds of a request: on the clock, and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    answer = client.get(path, params=query)
    took = (time.perf_counter() - clock) * 1000, (time.process_time() - processor) * 1000
    assert answer.status_code == 200, answer.text
    if answers is not None:
        answers.append(answer.json())
    return took


def show(name: str, took: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Print the 95th percentile."""
    clock, processor = ([one[place] for one in took] for place in (0, 1))
    tell(
        f"{name}, p95",
        p95(clock),
        PAGE_MS,
        "ms",
        f"median {statistics.median(clock):.0f}, processor p95 {p95(processor):.0f}",
    )
    return took


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[min(len(values) - 1, round(len(values) * 0.95))]


def tell(what: str, value: float, target: float | None, unit: str, more: str = "") -> None:
    """One figure beside its target."""
    goal = f"target {target:g} {unit}" if target is not None else ""
    print(f"{what:<48} {value:9.1f} {unit:<4} {goal:<14} {more}", flush=True)


if __name__ == "__main__":
    main()
