"""A server's life by the UI: made by the wizard, and everything that is done to it."""

import uuid
from typing import Any

from playwright.sync_api import Page, expect

from polyvisor.sandbox import cloud as sandbox
from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import act, choose, row, tasks, text, violations

#: A server is built, or moved, on a machine that may have more to do.
LONG = 180_000


def test_the_wizard_says_where_a_server_can_go_and_makes_it(lab: Any, page: Page, servers: list[Any]) -> None:
    name = f"web-{uuid.uuid4().hex[:6]}"
    page.goto("/inventory/server")
    page.get_by_role("button", name=text("server.create")).click()
    dialog = page.get_by_role("dialog")
    following = dialog.get_by_role("button", name=text("common.next"))
    dialog.get_by_role("textbox", name=text("common.name"), exact=True).fill(name)
    expect(following).to_be_disabled()
    choose(page, text("common.tenant"), "e2e-operations")
    choose(page, text("kind.one.image"), sandbox.IMAGE)
    choose(page, text("server.networks"), sandbox.NETWORK)
    following.click()
    choose(page, text("kind.one.flavor"), "tiny")
    following.click()
    choose(page, text("server.host"), "esx12")
    following.click()
    verdicts = dialog.get_by_role("table", name=text("server.candidates")).locator("tbody")
    expect(verdicts.get_by_role("row").filter(has_text=text("server.fits"))).to_have_count(1)
    expect(verdicts.get_by_role("row").filter(has_text="KVM")).to_contain_text("on VMware only")
    assert violations(page) == []
    shoot(page, "wizard-dry-run")
    dialog.get_by_role("button", name=text("common.create"), exact=True).click()
    expect(dialog).to_be_hidden()

    # Nobody reloads the page: it hears of all that follows.
    task = tasks(page).get_by_role("row").filter(has_text=name)
    expect(task).to_contain_text(text("status.succeeded"), timeout=LONG)
    expect(row(page, name)).to_contain_text(text("status.active"), timeout=LONG)
    made = lab.tenant.compute.find_server(name)
    servers.append(made)
    assert lab.place(lab.tenant.compute.get_server(made.id))[0] == "esx12"


def test_a_context_menu_stops_and_starts_a_server(lab: Any, page: Page, server: Any) -> None:
    page.goto("/inventory/server")
    expect(row(page, server.name)).to_contain_text(text("status.active"), timeout=LONG)
    act(page, server.name, "stop")
    expect(row(page, server.name)).to_contain_text(text("status.shutoff"), timeout=LONG)
    assert lab.tenant.compute.get_server(server.id).status == "SHUTOFF"
    # One thing has one task at a time, and the inventory may know of the end before the task does.
    expect(tasks(page).locator("tbody tr").first).to_contain_text(text("status.succeeded"), timeout=LONG)
    row(page, server.name).click(button="right")
    stop = page.get_by_role("menuitem", name=text("server.action.stop"), exact=True)
    expect(stop).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Escape")
    expect(stop).to_be_hidden()
    act(page, server.name, "start")
    expect(row(page, server.name)).to_contain_text(text("status.active"), timeout=LONG)


def test_what_others_do_is_seen_without_a_reload(lab: Any, page: Page, server: Any) -> None:
    page.goto("/inventory/server")
    expect(row(page, server.name)).to_contain_text(text("status.active"))
    page.evaluate("window.isTheSamePage = true")
    lab.tenant.compute.stop_server(server)
    expect(row(page, server.name)).to_contain_text(text("status.shutoff"), timeout=LONG)
    lab.tenant.compute.start_server(server)
    expect(row(page, server.name)).to_contain_text(text("status.active"), timeout=LONG)
    assert page.evaluate("window.isTheSamePage")


def test_snapshots_are_taken_shown_as_a_tree_and_deleted_in_chinese(
    page: Page, server: Any, site: Any
) -> None:
    zh = "zh-CN"
    page.add_init_script("localStorage.setItem('polyvisor.locale', '\"zh-CN\"')")
    page.goto(f"/resource/{site.resource(server.id)}/snapshots")
    expect(page.get_by_text(text("snapshot.empty", zh))).to_be_visible()
    shown = page.get_by_role("table", name=text("tab.snapshots", zh)).locator("tbody")
    for name in ("升级前", "升级后"):
        page.get_by_role("main").get_by_role("button", name=text("snapshot.take", zh)).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name=text("common.name", zh), exact=True).fill(name)
        dialog.get_by_role("button", name=text("snapshot.take", zh)).click()
        expect(shown.get_by_role("row").filter(has_text=name)).to_be_visible(timeout=LONG)
        # The server is free for the next only when the task has ended, a moment after the snapshot is there.
        latest = tasks(page, zh).locator("tbody tr").first
        expect(latest).to_contain_text(text("status.succeeded", zh), timeout=LONG)
    later = shown.get_by_role("row").filter(has_text="升级后")
    expect(later).to_contain_text(text("snapshot.current", zh))
    shoot(page, "snapshots-zh-CN")
    shown.get_by_role("row").filter(has_text="升级前").click(button="right")
    page.get_by_role("menuitem", name=text("snapshot.removeAll", zh)).click()
    page.get_by_role("dialog").get_by_role("button", name=text("snapshot.removeAll", zh)).click()
    expect(page.get_by_text(text("snapshot.empty", zh))).to_be_visible(timeout=LONG)


def test_migration_shows_each_host_s_verdict_and_moves_the_server(
    lab: Any, page: Page, server: Any, site: Any
) -> None:
    here, _ = lab.place(server)
    there = next(host for host in ("esx13", "esx14") if host != here)
    page.goto(f"/resource/{site.resource(server.id)}")
    page.get_by_role("main").get_by_role("button", name=text("common.actions")).click()
    page.get_by_role("menuitem", name=f"{text('server.action.migrate')}…", exact=True).click()
    dialog = page.get_by_role("dialog")
    following = dialog.get_by_role("button", name=text("common.next"))
    following.click()
    hosts = dialog.get_by_role("table", name=text("kind.many.esxi_host"))
    expect(hosts.get_by_role("row").filter(has_text=here)).to_contain_text("already")
    expect(following).to_be_disabled()
    hosts.get_by_role("row").filter(has_text=there).click()
    shoot(page, "migrate-compatibility")
    following.click()
    expect(dialog.get_by_text(text("migrate.compatible"))).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name=text("server.action.migrate"), exact=True).click()
    lab.until(lambda: lab.place(server)[0] == there, "the server to be on the other host", 180)
    placed = page.get_by_role("region", name=text("resource.placement"))
    expect(placed).to_contain_text(there, timeout=LONG)


def test_an_action_is_copied_as_the_command_that_does_it(page: Page, server: Any, site: Any) -> None:
    page.goto("/inventory/server")
    expect(row(page, server.name)).to_contain_text(text("status.active"), timeout=LONG)
    row(page, server.name).click(button="right")
    page.get_by_role("menuitem", name=text("server.action.stop"), exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=text("common.copyCall")).click()
    expect(page.get_by_text(text("common.copied"))).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert f"/api/v1/resources/{site.resource(server.id)}/actions" in command
    assert '"action":"stop"' in command
    assert "$POLYVISOR_TOKEN" in command


def test_why_a_server_was_not_made_is_read_in_chinese(page: Page, site: Any) -> None:
    zh, name = "zh-CN", f"web-{uuid.uuid4().hex[:6]}"
    site.call("POST", "servers", **site.wanted(name, zone="nowhere"))
    page.add_init_script(f"localStorage.setItem('polyvisor.locale', '\"{zh}\"')")
    page.goto("/operations")
    failed = page.get_by_role("main").locator("tbody tr").filter(has_text=name)
    why = text("message.other_zone", zh, zone="nowhere")
    expect(failed).to_contain_text(text("status.failed", zh), timeout=LONG)
    expect(failed).to_contain_text(why)
    failed.get_by_role("button").first.click()
    shown = page.get_by_role("dialog")
    expect(shown.get_by_role("alert")).to_contain_text(why)
    verdicts = shown.get_by_role("table", name=text("server.candidates", zh)).locator("tbody")
    expect(verdicts.get_by_role("row").first).to_contain_text(why)
    shoot(page, "failed-zh-CN")


def test_several_servers_are_stopped_at_once(lab: Any, page: Page, server: Any, servers: list[Any]) -> None:
    servers.append(other := lab.build())
    page.goto("/inventory/server")
    for one in (server, other):
        expect(row(page, one.name)).to_contain_text(text("status.active"), timeout=LONG)
        page.get_by_role("checkbox", name=text("common.choose", name=one.name)).click()
    page.get_by_role("main").get_by_role("button", name=text("server.action.stop"), exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=text("server.action.stop"), exact=True).click()
    for one in (server, other):
        expect(row(page, one.name)).to_contain_text(text("status.shutoff"), timeout=LONG)
