"""What a server consists of, changed by the UI: volumes, network adapters, size; and a copy of it."""

import uuid
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.volumes import Volumes
from tests.e2e.web.looks import choose, row, tasks, text

LONG = 180_000


def ask_for(page: Page, action: str) -> Locator:
    """Open the dialog of an action on the server whose page it is."""
    page.get_by_role("main").get_by_role("button", name=text("common.actions")).click()
    page.get_by_role("menuitem", name=f"{text(f'server.action.{action}')}…", exact=True).click()
    return page.get_by_role("dialog")


def ends_well(page: Page, action: str) -> None:
    """The latest task is this one, and ends well."""
    latest = tasks(page).locator("tbody tr").first
    expect(latest).to_contain_text(text(f"operation.named.{action}"), timeout=LONG)
    expect(latest).to_contain_text(text("status.succeeded"), timeout=LONG)


def detach(page: Page, line: Locator, action: str) -> None:
    line.click(button="right", timeout=LONG)
    label = text(f"server.action.{action}")
    page.get_by_role("menuitem", name=label, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=label, exact=True).click()
    ends_well(page, action)


def test_a_volume_is_attached_and_detached(page: Page, server: Any, site: Any, volumes: Volumes) -> None:
    name = f"web-{uuid.uuid4().hex[:6]}"
    volume = volumes.create("--size", "1", name=name)
    listed = f"resources?kind=volume&status=available&q={name}"
    site.until(lambda: bool(site.call("GET", listed)["items"]), "the inventory to have the volume")
    page.goto(f"/resource/{site.resource(server.id)}/volumes")
    dialog = ask_for(page, "attach_volume")
    choose(page, text("kind.one.volume"), name)
    dialog.get_by_role("button", name=text("server.attach"), exact=True).click()
    ends_well(page, "attach_volume")
    assert volumes.status(volume) == "in-use"
    detach(page, row(page, name), "detach_volume")
    volumes.wait(volume, "available")


def test_a_network_adapter_is_added_and_removed(lab: Any, page: Page, server: Any, site: Any) -> None:
    before = {one.port_id for one in lab.tenant.compute.server_interfaces(server.id)}
    page.goto(f"/resource/{site.resource(server.id)}/ports")
    dialog = ask_for(page, "attach_port")
    choose(page, text("kind.one.network"), "vlan-net")
    dialog.get_by_role("button", name=text("server.attach"), exact=True).click()
    ends_well(page, "attach_port")
    new = [one for one in lab.tenant.compute.server_interfaces(server.id) if one.port_id not in before]
    assert len(new) == 1
    address = new[0].fixed_ips[0]["ip_address"]
    line = page.get_by_role("main").locator("tbody tr").filter(has_text=address)
    detach(page, line, "detach_port")
    assert {one.port_id for one in lab.tenant.compute.server_interfaces(server.id)} == before


def test_a_server_gets_another_size(lab: Any, page: Page, server: Any, site: Any) -> None:
    page.goto(f"/resource/{site.resource(server.id)}")
    dialog = ask_for(page, "resize")
    choose(page, text("kind.one.flavor"), "small")
    dialog.get_by_role("button", name=text("server.action.resize"), exact=True).click()
    ends_well(page, "resize")
    resized = lab.tenant.compute.get_server(server.id)
    assert (resized.status, resized.flavor.name) == ("ACTIVE", "small")


def test_a_server_is_cloned(lab: Any, page: Page, server: Any, site: Any, servers: list[Any]) -> None:
    name = f"web-{uuid.uuid4().hex[:6]}"
    page.goto(f"/resource/{site.resource(server.id)}")
    dialog = ask_for(page, "clone")
    dialog.get_by_role("textbox", name=text("common.name"), exact=True).fill(name)
    dialog.get_by_role("button", name=text("server.action.clone"), exact=True).click()
    ends_well(page, "clone")
    servers.append(lab.tenant.compute.find_server(name, ignore_missing=False))
    page.goto("/inventory/server")
    expect(row(page, name)).to_contain_text(text("status.active"), timeout=LONG)
