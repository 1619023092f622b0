"""Reading clouds: by a real Keystone, which has projects and nothing else."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from polyvisor.op.db.base import now
from polyvisor.op.db.models import Cloud, Sync
from polyvisor.op.inventory import lease, sync
from polyvisor.op.inventory.sync import Syncer
from polyvisor.sandbox import probes
from tests.functional.op.inventory import make_cloud, names


def until(condition: Any, what: str, seconds: float = 120) -> None:
    probes.wait(lambda: None if condition() else what, seconds, lambda _: None)


@pytest.fixture
def syncer(op: Any) -> Any:
    made = Syncer(op.platform)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.stop()
    thread.join()


def rows(op: Any, cloud_id: str) -> dict[str, Sync]:
    with op.platform.database.read() as session:
        return {one.reader: one for one in session.scalars(select(Sync).where(Sync.cloud_id == cloud_id))}


def test_what_a_cloud_has_is_read_and_what_it_lacks_is_no_fault(
    op: Any, cloud: Any, keystone: Any, syncer: Any
) -> None:
    # One Keystone serves the tests on all stores.
    made = keystone.connect().identity.create_project(name=f"known-{uuid.uuid4().hex}", domain_id="default")
    until(lambda: len(rows(op, cloud["id"])) == len(sync.NAMES), "all readers")
    until(lambda: all(one.state != "new" for one in rows(op, cloud["id"]).values()), "everything to be read")
    states = {name: one.state for name, one in rows(op, cloud["id"]).items()}
    ok = {"project", "placement"}
    assert states == {name: "ok" if name in ok else "absent" for name in sync.NAMES}, rows(op, cloud["id"])
    found = op.admin.get("resources", params={"kind": "project", "q": made.id}).json()["items"]
    assert [(one["name"], one["external_id"]) for one in found] == [(made.name, made.id)]
    assert op.admin.get("overview").json()["clouds"][0]["complete"] is True


def test_what_is_deleted_on_the_cloud_goes(op: Any, cloud: Any, keystone: Any, syncer: Any) -> None:
    identity = keystone.connect().identity
    made = identity.create_project(name="short-lived", domain_id="default")

    def hurry() -> None:
        with op.platform.database.write() as session:
            for one in session.scalars(select(Sync).where(Sync.reader == "project", Sync.holder.is_(None))):
                one.due = now()

    def seen() -> bool:
        hurry()
        return bool(names(op.admin.get("resources", params={"q": made.id})))

    until(seen, "the project")
    identity.delete_project(made.id)
    until(lambda: not seen(), "the project to go")


# A hanging cloud needs no second store to be tested on.
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_cloud_that_does_not_answer_delays_no_other(op: Any, keystone: Any) -> None:
    dead = make_cloud(op, "dead")
    with op.platform.database.write() as session:
        auth = {"auth_url": "http://127.0.0.1:1/v3", "user_id": "x", "password": "x"}
        secret = {"auth_type": "v3password", "auth": auth}
        session.get_one(Cloud, dead).credential = op.platform.vault.seal(secret)
    credential = {"type": "clouds_yaml", "entry": keystone.entry}
    alive = op.make("clouds", name="alive", credential=credential)
    made = Syncer(op.platform)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        until(lambda: "project" in rows(op, alive["id"]), "its readers")
        until(lambda: rows(op, alive["id"])["project"].state == "ok", "the other's projects")
        until(lambda: any(one.state == "failed" for one in rows(op, dead).values()), "a reason")
    finally:
        made.stop()
        thread.join()
    failed = [one for one in rows(op, dead).values() if one.state == "failed"]
    assert all("cloud dead" in str(one.reason) for one in failed)


def task(op: Any, name: str) -> Any:
    lease.prepare(op.platform.database, [name])
    with op.platform.database.read() as session:
        (wanted,) = lease.due(session)
    return wanted


def test_of_many_workers_one_reads(op: Any) -> None:
    make_cloud(op, "north")
    wanted = task(op, "server")
    got: list[Any] = []
    threads = [
        threading.Thread(target=lambda: got.append(lease.take(op.platform.database, wanted)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one is not None]) == 1


def test_who_has_lost_the_lease_writes_nothing_more(op: Any) -> None:
    make_cloud(op, "north")
    wanted = task(op, "server")
    first = lease.take(op.platform.database, wanted)
    with op.platform.database.write() as session:
        session.get_one(Sync, wanted.id).due = now() - timedelta(seconds=1)
    second = lease.take(op.platform.database, wanted)
    assert first
    assert second
    with pytest.raises(lease.LeaseLost), op.platform.database.write() as session:
        lease.renew(session, first)
    with op.platform.database.write() as session:
        lease.renew(session, second)
