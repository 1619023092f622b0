"""What administrators do, and what is said when the API refuses it."""

import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import LANGUAGES, row, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_api_has_against_a_field_is_said_beside_it(page: Page, language: str) -> None:
    page.add_init_script(f"localStorage.setItem('polyvisor.locale', '\"{language}\"')")
    page.goto("/administration/tenants")
    page.get_by_role("main").get_by_role("button", name=text("tenant.create", language)).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=text("common.create", language), exact=True).click()
    field = dialog.locator(".n-form-item").filter(has_text=text("common.name", language)).first
    expect(field).to_contain_text(text("message.input_string_too_short", language, min_length="1"))
    expect(dialog.get_by_role("textbox", name=text("common.name", language), exact=True)).to_have_attribute(
        "aria-invalid", "true"
    )
    shoot(page, f"refused-{language}")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_tenant_is_made_and_deleted(page: Page) -> None:
    name = f"web-{uuid.uuid4().hex[:6]}"
    page.goto("/administration/tenants")
    page.get_by_role("main").get_by_role("button", name=text("tenant.create")).click()
    page.get_by_role("dialog").get_by_role("textbox", name=text("common.name"), exact=True).fill(name)
    page.keyboard.press("Enter")
    expect(row(page, name)).to_be_visible()
    row(page, name).click(button="right")
    page.get_by_role("menuitem").last.click()
    page.get_by_role("dialog").get_by_role("button").last.click()
    expect(row(page, name)).to_have_count(0)


def test_a_cloud_is_probed_and_what_it_can_do_is_shown(page: Page) -> None:
    page.goto("/administration/clouds")
    page.get_by_role("main").get_by_role("button", name="sandbox", exact=True).click()
    expect(page.get_by_role("heading", name="sandbox", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("VMware vCenter Server")


def test_an_address_that_does_not_exist_says_so(page: Page) -> None:
    page.goto("/nothing/here")
    expect(page.get_by_text(text("shell.nowhere"))).to_be_visible()
