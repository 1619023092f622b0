"""People and programs are let in: users, roles of one's own, API tokens."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import choose, text, violations

PASSWORD = "correct horse battery"


@pytest.fixture
def name(site: Any) -> Iterator[str]:
    """Of what a test makes; nothing of that name is left."""
    made = f"web-{uuid.uuid4().hex[:6]}"
    yield made
    for path, key in (("users", "id"), ("roles", "name"), ("tokens", "id")):
        for one in site.call("GET", path)["items"]:
            if one["name"] == made:
                site.call("DELETE", f"{path}/{one[key]}")


def listed(page: Page, name: str) -> Locator:
    return page.get_by_role("main").locator("tbody tr").filter(has_text=name)


def begin(page: Page, where: str, what: str) -> Locator:
    """The form that makes something new."""
    page.goto(f"/administration/{where}")
    page.get_by_role("main").get_by_role("button", name=text(what)).first.click()
    return page.get_by_role("dialog")


def fill(dialog: Locator, **values: str) -> None:
    for label, value in values.items():
        dialog.get_by_role("textbox", name=text(label.replace("__", ".")), exact=True).fill(value)


def create(dialog: Locator, action: str = "common.create") -> None:
    dialog.get_by_role("button", name=text(action), exact=True).click()


def test_a_user_is_made_and_given_a_role_of_ones_own_on_a_cloud(page: Page, site: Any, name: str) -> None:
    dialog = begin(page, "roles", "role.create")
    fill(dialog, common__name=name, common__description="Sees clouds")
    choose(page, text("role.rights"), "cloud.read")
    assert violations(page) == []
    create(dialog)
    expect(listed(page, name)).to_contain_text(text("role.custom"))

    dialog = begin(page, "users", "user.create")
    fill(dialog, common__name=name, login__password="short")
    create(dialog)
    expect(dialog).to_contain_text(text("message.password_length", shortest="10", longest="256"))
    assert violations(page) == []
    fill(dialog, login__password=PASSWORD)
    create(dialog)
    expect(listed(page, name)).to_contain_text(text("status.enabled"))

    listed(page, name).click(button="right")
    page.get_by_role("menuitem", name=text("grant.create"), exact=True).click()
    choose(page, text("grant.role"), name)
    choose(page, text("grant.where"), "sandbox")
    shoot(page, "grant")
    create(dialog, "grant.give")
    expect(dialog).to_be_hidden()
    page.goto("/administration/grants")
    expect(listed(page, name)).to_contain_text(f"{text('common.cloud')}: sandbox")
    with requests.Session() as user:
        assert user.post(f"{site.url}/session", json={"name": name, "password": PASSWORD}).ok
        assert [one["name"] for one in user.get(f"{site.url}/clouds").json()["items"]] == ["sandbox"]
        assert user.get(f"{site.url}/users").status_code == 403


def test_a_token_is_shown_once_used_and_revoked(page: Page, site: Any, name: str) -> None:
    dialog = begin(page, "tokens", "token.create")
    fill(dialog, common__name=name)
    choose(page, text("role.rights"), "cloud.read")
    assert violations(page) == []
    create(dialog)
    shown = page.get_by_role("alert").filter(has_text=text("token.once"))
    secret = shown.locator("code").inner_text()
    assert (ask(site, "clouds", secret), ask(site, "users", secret)) == (200, 403)
    page.reload()
    expect(listed(page, name)).to_contain_text("cloud.read")
    expect(page.get_by_text(secret)).to_have_count(0)
    listed(page, name).click(button="right")
    page.get_by_role("menuitem", name=text("token.revoke"), exact=True).click()
    create(page.get_by_role("dialog"), "token.revoke")
    expect(listed(page, name)).to_have_count(0)
    assert ask(site, "clouds", secret) == 401


def ask(site: Any, path: str, secret: str) -> int:
    """What a program with a token is answered."""
    bearer = {"Authorization": f"Bearer {secret}"}
    return requests.get(f"{site.url}/{path}", headers=bearer, timeout=30).status_code
