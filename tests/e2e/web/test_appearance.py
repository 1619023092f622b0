"""Languages, the dark theme, and what is remembered of both."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import text, violations

PAGES = [
    ("/", "section.overview"),
    ("/inventory/server", "kind.many.server"),
    ("/operations", "section.operations"),
    ("/administration/clouds", "administration.clouds"),
    ("/administration/tenants", "administration.tenants"),
    ("/administration/users", "administration.users"),
    ("/administration/roles", "administration.roles"),
    ("/administration/grants", "administration.grants"),
    ("/administration/tokens", "token.title"),
    ("/administration/audit", "administration.audit"),
]


def test_the_language_changes_at_once_and_is_remembered(page: Page) -> None:
    page.goto("/inventory/server")
    expect(page.get_by_role("heading", name=text("kind.many.server"))).to_be_visible()
    page.get_by_role("button", name="English").click()
    page.get_by_text("简体中文").click()
    expect(page.get_by_role("heading", name=text("kind.many.server", "zh-CN"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name=text("kind.many.server", "zh-CN"))).to_be_visible()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_page_is_in_the_language_that_was_chosen(page: Page, language: str) -> None:
    page.add_init_script(f"localStorage.setItem('polyvisor.locale', '\"{language}\"')")
    for path, title in PAGES:
        page.goto(path)
        expect(page.get_by_role("heading", name=text(title, language), level=1)).to_be_visible()
        shoot(page, f"page{path.replace('/', '-').rstrip('-')}-{language}")


def test_the_dark_theme_is_readable_and_remembered(page: Page) -> None:
    page.goto("/inventory/esxi_host")
    page.get_by_role("button", name=text("shell.dark")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("main").get_by_role("link", name="esx11")).to_be_visible()
    assert violations(page) == []
