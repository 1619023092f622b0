"""Flavors of the shapes of VMs, and the projects that may use them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyvisor.adoption.clouds import RefusedError, ask, ask_gone, listing
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.journal import SHARED, Thing
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Flavor
from polyvisor.adoption.resources.shared import Found, ensure
from polyvisor.adoption.work import Work

Existing = Mapping[str, Any]
KIND, ACCESS = "flavor", "flavor-access"
#: The first that takes a description.
_MICROVERSION = "2.55"


def read(work: Work) -> Sequence[Existing]:
    """All flavors there are, for `make`.

    Raises:
        RefusedError: OpenStack said no.
    """
    return list(_every(work))


def make(work: Work, flavor: Flavor, projects: list[str], existing: Sequence[Existing]) -> Thing:
    """Find or make a flavor, and give projects (ids) access to a private one.

    Raises:
        AdoptionError: there is one of the name with another shape, or OpenStack said no.
    """
    private: list[bool] = []

    def look() -> Found | None:
        found = next((item for item in existing if item["name"] == flavor.flavor), None)
        if found is None:
            if flavor.id:
                raise AdoptionError(say("flavor_gone", flavor=flavor.flavor))
            return None
        shape = found["vcpus"], found["ram"], found["disk"]
        if shape != (flavor.vcpus, flavor.ram_mb, flavor.disk_gb):
            raise AdoptionError(say("flavor_reshaped", flavor=flavor.flavor))
        private.append(not found["os-flavor-access:is_public"])
        return found["id"], found["description"] == work.mark(SHARED, flavor.flavor)

    def create() -> str:
        body = {
            "name": flavor.flavor,
            "vcpus": flavor.vcpus,
            "ram": flavor.ram_mb,
            "disk": flavor.disk_gb,
            "os-flavor-access:is_public": False,
            "description": work.mark(SHARED, flavor.flavor),
        }
        made = ask(
            work.clouds.admin.compute, "POST", "/flavors", {"flavor": body}, microversion=_MICROVERSION
        )
        private.append(True)
        return str(made["flavor"]["id"])

    thing = ensure(work, Thing(SHARED, KIND, flavor.flavor), look, create)
    if thing.made or any(private):
        for project in projects:
            _give_access(work, thing, project)
    return thing


def _give_access(work: Work, flavor: Thing, project: str) -> None:
    def create() -> str:
        try:
            body = {"addTenantAccess": {"tenant": project}}
            ask(work.clouds.admin.compute, "POST", f"/flavors/{flavor.id}/action", body)
        except RefusedError as exc:
            if exc.status != 409:  # it has access already
                raise
        return f"{flavor.id} {project}"

    # Of a flavor that was there before, access is kept at the end: others may count on it by then.
    thing = Thing(SHARED, ACCESS, f"{flavor.key} {project}", made=flavor.made)
    ensure(work, thing, lambda: None, create)


def find(work: Work, thing: Thing) -> str | None:
    """Id of what apply has made, of which no answer is known."""
    mark = work.mark(SHARED, thing.key)
    return next((str(item["id"]) for item in _every(work) if item["description"] == mark), None)


def _every(work: Work) -> Iterator[dict[str, Any]]:
    query = {"is_public": "None"}
    return listing(work.clouds.admin.compute, "/flavors/detail", "flavors", query, microversion=_MICROVERSION)


def remove(work: Work, thing: Thing) -> None:
    """Delete a flavor that apply has made. Servers keep a copy of theirs: whether any has it is asked first.

    Raises:
        RefusedError: OpenStack said no; 409: a server has it.
    """
    compute = work.clouds.admin.compute
    query = {"all_tenants": "1", "flavor": thing.id, "limit": "1"}
    if ask(compute, "GET", "/servers", query=query)["servers"]:
        raise RefusedError(say("flavor_used", flavor=thing.key), 409)
    ask_gone(compute, "DELETE", f"/flavors/{thing.id}")
