"""The web UI in a real Chromium, served by `polyvisor op serve` over the sandbox's OpenStack.

Each test leaves a screenshot in `tests/e2e/artifacts`; that of one which fails is the first thing to look at.
"""

import re
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from polyvisor.op.api import web
from polyvisor.sandbox import packages
from tests.e2e.test_op_clouds import POLYVISOR, _answers
from tests.e2e.test_op_operations import Platform

ARTIFACTS = Path(__file__).parents[1] / "artifacts"
#: Program or file that proves the package is there -> package.
PACKAGES = {
    "/usr/bin/chromium": "chromium",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc": "fonts-noto-cjk",
}
SECONDS = 60
VIEW = ViewportSize(width=1440, height=900)


@pytest.fixture(scope="package")
def site(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The platform as people run it: everything in one process, the sandbox its only cloud."""
    assert web.is_built(), web.HOW_TO_BUILD
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Platform(lab, tmp_path_factory.mktemp("web") / "data", port)
    process = subprocess.Popen([*POLYVISOR, "serve"], env=made.environment)
    try:
        made.until(lambda: _answers(made), "the platform to answer")
        made.log_in()
        made.register()
        made.until(lambda: made.call("GET", "overview")["clouds"][0]["complete"], "the first reading")
        yield made
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="package")
def server(lab: Any, site: Platform) -> Iterator[Any]:
    """A server that is there, made by the API, for all tests; each leaves it running."""
    name = f"web-{uuid.uuid4().hex[:6]}"
    made = site.done(site.call("POST", "servers", **site.wanted(name)))
    found = lab.tenant.compute.get_server(made["result"]["server"])
    site.resource(found.id)
    yield found
    lab.delete(found)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if names := sorted({package for file, package in PACKAGES.items() if not packages.find(file)}):
        packages.install(names)
    with sync_playwright() as playwright:
        # As root Chromium has no sandbox of its own; it sees nothing here but our own pages.
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        expect.set_options(timeout=SECONDS * 1000)
        yield chromium
        chromium.close()


@pytest.fixture
def context(site: Platform, browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own, in English, that nobody is logged in with."""
    made = browser.new_context(
        base_url=site.url.removesuffix("/api/v1"), locale="en-GB", viewport=VIEW, color_scheme="light"
    )
    made.set_default_timeout(SECONDS * 1000)
    made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    made.close()


@pytest.fixture
def page(site: Platform, context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that the administrator is logged in with; nothing may go wrong in it unnoticed."""
    origin = site.url.removesuffix("/api/v1")
    context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": origin} for one in site.http.cookies]
    )
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    # What the API refuses is said by the browser too; pages tell of it themselves.
    made.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type == "error" and "Failed to load resource" not in said.text
            else None
        ),
    )
    yield made
    shoot(made, re.sub(r"\W+", "-", request.node.name).strip("-"))
    assert wrong == []


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png")
