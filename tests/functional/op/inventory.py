"""Clouds as the inventory has read them, without a cloud: what tests of lists and rights need."""

from typing import Any

from polyvisor.op.db.models import Cloud, Project
from polyvisor.op.db.models.resource import Kind
from polyvisor.op.inventory import store
from polyvisor.op.inventory.found import Found


def make_cloud(op: Any, name: str) -> str:
    """A cloud that nobody can reach; its id."""
    with op.platform.database.write() as session:
        made = Cloud(name=name, auth_url="http://127.0.0.1:1/v3", auth_type="v3password", credential="none")
        session.add(made)
        session.flush()
        return str(made.id)


def make_tenant(op: Any, name: str, cloud_id: str, project: str, parent_id: str | None = None) -> Any:
    """A tenant with a project on a cloud that is ready."""
    tenant = op.make("tenants", name=name, parent_id=parent_id)
    with op.platform.database.write() as session:
        session.add(
            Project(
                tenant_id=tenant["id"],
                cloud_id=cloud_id,
                name=name,
                external_id=project,
                credential="none",
                state="ready",
            )
        )
    return tenant


def put(op: Any, cloud_id: str, *found: Found, **how: bool) -> None:
    """Have the cloud's reader find this."""
    with op.platform.database.write() as session:
        store.put(session, cloud_id, found, **how)


def server(name: str, project: str | None = None, **more: Any) -> Found:
    values = {"status": "ACTIVE", "attributes": {"vcpus": 2, "compute_host": "compute1"}} | more
    return Found(Kind.SERVER, f"id-of-{name}", name, project_id=project, **values)


def names(answer: Any) -> list[str]:
    """Names of the items of a list, which must have been given."""
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]
