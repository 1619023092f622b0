"""Logging in and out, in the languages that the UI has."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import LANGUAGES, text


def fill(page: Page, language: str, name: str, password: str) -> None:
    page.get_by_label(text("login.name", language)).fill(name)
    page.get_by_label(text("login.password", language)).fill(password)
    page.get_by_role("button", name=text("login.submit", language), exact=True).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_logs_in_comes_to_where_they_wanted_to_go(
    site: Any, context: BrowserContext, language: str
) -> None:
    page = context.new_page()
    page.goto("/operations")
    if language != "en":
        page.get_by_role("button", name="English").click()
        page.get_by_text(LANGUAGES[language]).click()
    shoot(page, f"login-{language}")
    fill(page, language, "admin", (site.data / "admin-password").read_text().strip())
    expect(page.get_by_role("heading", name=text("section.operations", language))).to_be_visible()
    page.get_by_role("button", name="Administrator").click()
    page.get_by_text(text("shell.logout", language)).click()
    expect(page.get_by_role("button", name=text("login.submit", language), exact=True)).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_password_is_told_of_and_the_name_stays(context: BrowserContext, language: str) -> None:
    context.add_init_script(f"localStorage.setItem('polyvisor.locale', '\"{language}\"')")
    page = context.new_page()
    page.goto("/")
    fill(page, language, "nobody", "wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(text("login.name", language))).to_have_value("nobody")
    shoot(page, f"login-refused-{language}")
