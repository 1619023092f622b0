"""Finding things: trees, the view by kinds, tables, search."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.web.looks import LANGUAGES, text, violations

HOSTS = {"esx11", "esx12", "esx13", "esx14", "esx21", "esx22", "esx23", "esx24"}


def tree(page: Page, view: str) -> Any:
    page.get_by_role("button", name=text(f"tree.view.{view}"), exact=True).click()
    return page.get_by_role("tree", name=text(f"tree.view.{view}"))


def test_the_tree_goes_from_a_cloud_over_a_cluster_to_a_host(page: Page) -> None:
    page.goto("/inventory")
    hosts = tree(page, "hosts")
    hosts.get_by_role("treeitem", name="cluster1").locator(".n-tree-node-switcher").click()
    hosts.get_by_role("treeitem", name="esx12").click()
    expect(page.get_by_role("heading", name="esx12")).to_be_visible()
    expect(page.get_by_role("region", name=text("resource.capacity"))).to_be_visible()


def test_the_tree_is_used_by_keys_alone(page: Page) -> None:
    page.goto("/inventory")
    hosts = tree(page, "hosts")
    expect(hosts.get_by_role("treeitem", name="cluster1")).to_be_visible()
    hosts.locator("[tabindex='0']").first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
        if key == "ArrowRight":
            expect(hosts.get_by_role("treeitem", name="esx11")).to_be_visible()
    expect(page.get_by_role("heading", name="esx11", level=1)).to_be_visible()


def test_tabs_are_opened_by_keys(page: Page) -> None:
    page.goto("/inventory/esxi_host")
    page.get_by_role("main").locator("tbody").get_by_role("link", name="esx11").click()
    opened = page.get_by_role("tab", selected=True)
    expect(opened).to_have_text(text("tab.summary"))
    opened.focus()
    for key, tab in (("ArrowRight", 1), ("End", -1), ("ArrowRight", 0), ("ArrowLeft", -1), ("Home", 0)):
        page.keyboard.press(key)
        expect(page.get_by_role("tab").nth(tab)).to_be_focused()
        expect(page.get_by_role("tab").nth(tab)).to_have_attribute("aria-selected", "true")
    assert violations(page) == []


@pytest.mark.parametrize(
    ("view", "seen"),
    [("tenants", "e2e-operations"), ("storage", "sandbox"), ("networks", "sandbox"), ("clouds", "sandbox")],
)
def test_there_is_a_tree_for_each_way_to_look_at_it(page: Page, view: str, seen: str) -> None:
    page.goto("/inventory")
    expect(tree(page, view).get_by_role("treeitem", name=seen).first).to_be_visible()


def test_things_are_listed_by_kind_as_in_xencenter(page: Page) -> None:
    page.goto("/inventory")
    page.get_by_role("button", name=text("tree.view.objects"), exact=True).click()
    page.get_by_role("navigation", name=text("tree.view.objects")).get_by_text(
        text("kind.many.esxi_host")
    ).click()
    expect(page.get_by_role("heading", name=text("kind.many.esxi_host"))).to_be_visible()
    links = page.get_by_role("main").locator("tbody").get_by_role("link")
    expect(links).to_have_count(len(HOSTS))
    assert set(links.all_inner_texts()) == HOSTS


def test_a_table_is_sorted_and_filtered_and_its_address_says_so(page: Page) -> None:
    page.goto("/inventory/esxi_host")
    links = page.get_by_role("main").locator("tbody").get_by_role("link")
    expect(links.first).to_have_text("esx11")
    name = page.get_by_role("columnheader", name=text("common.name"), exact=True)
    name.click()
    name.click()
    expect(links.first).to_have_text("esx24")
    page.get_by_label(text("filter.words")).fill("esx2")
    page.keyboard.press("Enter")
    expect(links).to_have_count(4)
    page.reload()
    expect(links).to_have_count(4)
    page.get_by_label(text("filter.words")).fill("nothing has such a name")
    page.keyboard.press("Enter")
    expect(page.get_by_text(text("resource.empty"))).to_be_visible()


def test_a_filter_is_saved_used_and_deleted(page: Page) -> None:
    page.goto("/inventory/esxi_host")
    links = page.get_by_role("main").locator("tbody").get_by_role("link")
    expect(links).to_have_count(len(HOSTS))
    states = page.locator(".n-base-selection").filter(has=page.get_by_label(text("common.state"), exact=True))
    states.click()
    page.locator(".n-base-select-option:visible").filter(has_text=text("status.maintenance")).click()
    expect(page.get_by_text(text("resource.empty"))).to_be_visible()
    states.click()
    page.locator(".n-base-select-option:visible").filter(has_text=text("status.connected")).first.click()
    page.get_by_label(text("filter.words")).fill("esx2")
    page.keyboard.press("Enter")
    expect(links).to_have_count(4)
    saved = page.get_by_role("button", name=text("filter.saved"))
    saved.click()
    page.get_by_text(text("filter.save"), exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name=text("common.name"), exact=True).fill("second cluster")
    dialog.get_by_role("button", name=text("common.save"), exact=True).click()
    expect(dialog).to_be_hidden()

    page.goto("/inventory/esxi_host")
    expect(links).to_have_count(len(HOSTS))
    saved.click()
    page.get_by_text("second cluster", exact=True).click()
    expect(links).to_have_count(4)
    saved.click()
    page.get_by_text(text("filter.remove"), exact=True).hover()
    page.get_by_text("second cluster", exact=True).last.click()
    dialog.get_by_role("button", name=text("filter.remove"), exact=True).click()
    expect(dialog).to_be_hidden()
    saved.click()
    expect(page.get_by_text(text("filter.save"), exact=True)).to_be_visible()
    expect(page.get_by_text("second cluster", exact=True)).to_have_count(0)


def test_one_box_finds_things_of_every_kind(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("esx23")
    page.locator(".n-base-select-option:visible").filter(has_text=text("kind.one.esxi_host")).click()
    expect(page.get_by_role("heading", name="esx23")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/", "/inventory/server", "/operations", "/administration/clouds"])
def test_everything_has_a_name_for_those_who_cannot_see_it(page: Page, path: str, language: str) -> None:
    page.add_init_script(f"localStorage.setItem('polyvisor.locale', '\"{language}\"')")
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert violations(page) == []
