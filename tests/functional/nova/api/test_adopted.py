"""What Nova's own answers say of servers that were adopted."""

import uuid

import pytest
from nova import objects
from sqlalchemy import event
from sqlalchemy.engine import Engine

from polyvisor.nova import origin
from polyvisor.nova.origin import Bounds, Origin
from tests.functional.nova.api.conftest import Cloud

pytestmark = pytest.mark.usefixtures("no_security_groups")
ADOPTED = "os-server-adopt:adopted"


def add(cloud: Cloud, kind: Origin, **more: str) -> str:
    server = cloud.add_server("compute1")
    with cloud.targeted() as cell:
        instance = objects.Instance.get_by_uuid(cell, server)
        instance.system_metadata = origin.to_metadata(kind, Bounds()) | more
        instance.save()
    return server


def marks(cloud: Cloud, path: str = "") -> dict[str, bool | None]:
    """Server -> what a list says of it."""
    body = cloud.app.get(f"/v2.1/servers/detail{path}", headers=cloud.member).json
    return {server["id"]: server.get(ADOPTED) for server in body["servers"]}


def test_adopted_servers_are_marked_and_no_others(cloud: Cloud) -> None:
    adopted, born = add(cloud, Origin.ADOPT), cloud.add_server("compute1")
    clone = add(cloud, Origin.CLONE, image_note="adopt")
    assert marks(cloud) == {adopted: True, born: None, clone: None}
    for server, expected in ((adopted, True), (born, None)):
        shown = cloud.app.get(f"/v2.1/servers/{server}", headers=cloud.member).json["server"]
        assert (shown["id"], shown.get(ADOPTED)) == (server, expected)


def test_each_page_has_its_own(cloud: Cloud) -> None:
    servers = {add(cloud, Origin.ADOPT) for _ in range(3)}
    found: dict[str, bool | None] = {}
    marker = ""
    while page := marks(cloud, f"?limit=2{marker}"):
        found |= page
        marker = f"&marker={list(page)[-1]}"
    assert found == dict.fromkeys(servers, True)


def test_the_number_of_questions_is_not_that_of_servers(cloud: Cloud) -> None:
    def statements() -> int:
        asked: list[str] = []

        def note(*arguments: object) -> None:
            if "instance_system_metadata" in str(arguments[2]):
                asked.append(str(arguments[2]))

        event.listen(Engine, "before_cursor_execute", note)
        marks(cloud)
        event.remove(Engine, "before_cursor_execute", note)
        return len(asked)

    add(cloud, Origin.ADOPT)
    once = statements()
    for _ in range(4):
        add(cloud, Origin.ADOPT)
    assert statements() == once


def test_what_nova_refuses_it_refuses(cloud: Cloud) -> None:
    cloud.app.get(f"/v2.1/servers/{uuid.uuid4()}", headers=cloud.member, status=404)
    stranger = cloud.token("member", "reader", project="0" * 32)
    cloud.app.get(f"/v2.1/servers/{add(cloud, Origin.ADOPT)}", headers=stranger, status=404)
    assert cloud.app.get("/v2.1/servers/detail", headers=stranger).json["servers"] == []
