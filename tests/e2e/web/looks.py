"""What tests do in pages: the words are those that people read, the languages those that the UI has."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

WEB = Path(__file__).parents[3] / "web"
LANGUAGES = {"en": "English", "zh-CN": "简体中文"}
_MESSAGES = {name: json.loads((WEB / f"src/i18n/{name}.json").read_text()) for name in LANGUAGES}


def text(key: str, language: str = "en", **parameters: str) -> str:
    """A message of the UI: ``server.action.stop``."""
    found: Any = _MESSAGES[language]
    for part in key.split("."):
        found = found[part]
    return str(found).format(**parameters)


def row(page: Page, name: str) -> Locator:
    """A thing's row in the list that fills the page, not that among the recent tasks."""
    link = page.get_by_role("link", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    )
    return page.get_by_role("main").locator("tbody tr").filter(has=link)


def tasks(page: Page, language: str = "en") -> Locator:
    """The recent tasks, docked below."""
    return page.get_by_role("region", name=text("operation.recent", language))


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a list in the dialog that is open."""
    page.get_by_role("dialog").locator(".n-form-item").filter(has_text=label).locator(
        ".n-base-selection"
    ).click()
    page.locator(".n-base-select-option:visible").filter(has_text=option).first.click()
    page.keyboard.press("Tab")
    # Its menu fades.
    expect(page.locator(".n-base-select-option:visible")).to_have_count(0)


def act(page: Page, name: str, action: str, language: str = "en") -> None:
    """Do something with a server of the list, by its context menu and with a yes to what is asked."""
    row(page, name).click(button="right")
    label = text(f"server.action.{action}", language)
    page.get_by_role("menuitem", name=label, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=label, exact=True).click()


def violations(page: Page) -> list[str]:
    """What axe-core has against the page, WCAG 2.1 AA; without what Naive UI gives no way to say better."""
    page.evaluate((WEB / "node_modules/axe-core/axe.min.js").read_text())
    # What is fading has less contrast than it will have.
    page.evaluate(
        """async () => {
            await new Promise(requestAnimationFrame)
            const ends = (one) => one.effect.getComputedTiming().endTime !== Infinity
            await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished))
        }"""
    )
    found = page.evaluate(
        """axe.run(
            { exclude: ['.n-data-table-base-table-header', '.n-card-header'] },
            { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'],
              rules: { 'aria-required-children': { enabled: false } } },
        )"""
    )
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] for node in one["nodes"]]
