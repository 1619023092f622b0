"""How quick the web UI is in a real Chromium: ``python -m benchmarks.web``, after ``make web``.

The first view is that of a platform of its own, or of one that runs, with ``--url`` and ``--password-file``:
each time by a browser that has kept nothing. The tree and the table are those of Naive UI in ``web/bench``,
with as much in them as is promised. Prints each figure beside its target; judges nothing, because a busy
machine is not a defect: beside times it prints the page's processor time, which other programs do not change.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from polyvisor.op.api import web

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "web" / "bench"
CHROMIUM = "/usr/bin/chromium"
VIEWS = 5
FIRST_VIEW_MS = 1000.0
#: Of 60 frames a second.
FRAME_MS = 1000 / 60
START_SECONDS = 120


def main() -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", help="a platform that runs")
    parser.add_argument("--password-file", type=Path, help="with the password of its user admin")
    arguments = parser.parse_args()
    if not web.is_built():
        sys.exit(web.HOW_TO_BUILD)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        if arguments.url:
            first_view(browser, arguments.url, arguments.password_file.read_text().strip())
        else:
            with platform() as (url, password):
                first_view(browser, url, password)
        with served(build()) as url:
            at_size(browser, url)
        browser.close()


def first_view(browser: Browser, url: str, password: str) -> None:
    """From the address to the first list, by somebody who is logged in."""
    session = requests.Session()
    answer = session.post(
        f"{url}/api/v1/session", json={"name": "admin", "password": password}, timeout=START_SECONDS
    )
    answer.raise_for_status()
    cookies: Any = [{"name": one.name, "value": one.value, "url": url} for one in session.cookies]
    taken, worked, sent = [], [], 0.0
    for _ in range(VIEWS):
        context = browser.new_context(base_url=url, locale="en-GB")
        context.add_cookies(cookies)
        page = context.new_page()
        work = Work(page)
        page.goto("/inventory/server", wait_until="commit")
        page.get_by_role("columnheader").first.wait_for()
        page.wait_for_load_state("load")
        shown: Any = page.evaluate(_PAINTED)
        taken.append(shown["milliseconds"])
        worked.append(work.milliseconds())
        sent = shown["bytes"] / 1024
        context.close()
    tell("first view, from the address to the list", statistics.median(taken), FIRST_VIEW_MS, worked)
    print(f"{'sent to the browser for it':<44} {sent:8.0f} KiB")


#: When the last thing that the first list is made of was there, and what all of it weighs.
_PAINTED = """() => {
  const all = performance.getEntriesByType('resource').filter((one) => !one.name.endsWith('/events'))
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  return {
    milliseconds: Math.max(paint ? paint.startTime : 0, ...all.map((one) => one.responseEnd)),
    bytes: all.reduce((sum, one) => sum + one.transferSize, 0),
  }
}"""


def at_size(browser: Browser, url: str) -> None:
    """The tree and the table with as much in them as is promised."""
    page = browser.new_page()
    work = Work(page)
    page.goto(url)
    found: Any = page.evaluate("measure()")
    tell("tree of 10,000 nodes, collapsed", found["treeCollapsed"], None)
    tell("all its clouds and clusters opened", found["treeExpandAll"], None)
    tell("a frame while it scrolls, median", statistics.median(found["treeScroll"]), FRAME_MS)
    tell("table of 100,000 rows", found["table"], None)
    tell("a frame while it scrolls, median", statistics.median(found["tableScroll"]), FRAME_MS)
    print(f"{'elements in the page then':<44} {found['elements']:8d}")
    tell("processor time of all this, 400 frames too", work.milliseconds(), None)


class Work:
    """What a page keeps the processor busy with, from now on."""

    def __init__(self, page: Page) -> None:
        self._client = page.context.new_cdp_session(page)
        self._client.send("Performance.enable", {"timeDomain": "threadTicks"})

    def milliseconds(self) -> float:
        """Processor time of the page's main thread until now."""
        metrics = self._client.send("Performance.getMetrics")["metrics"]
        return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration")) * 1000


@contextmanager
def platform() -> Iterator[tuple[str, str]]:
    """`polyvisor op serve` on a scratch folder: its address and the administrator's password."""
    with tempfile.TemporaryDirectory() as scratch, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        settings = {"POLYVISOR_OP_DATA": f"{scratch}/data", "POLYVISOR_OP_PORT": str(port)}
        command = [str(Path(sys.prefix) / "bin" / "polyvisor"), "op", "serve"]
        process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait(url)
            yield url, Path(scratch, "data", "admin-password").read_text().strip()
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)


def wait(url: str) -> None:
    """Return when the platform answers; raise what it said last if it does not."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            requests.get(f"{url}/api/v1/health", timeout=10).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
        else:
            return


def build() -> Path:
    """Build the page of tree and table; its folder."""
    node = {"PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = ["npx", "vite", "build", "bench", "--logLevel", "warn"]
    subprocess.run(command, cwd=BENCH.parent, env=os.environ | node, check=True)
    return BENCH / "dist"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder's index.html."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()


def tell(what: str, milliseconds: float, target: float | None, worked: list[float] | None = None) -> None:
    """One figure beside its target."""
    goal = f"target {target:.0f} ms" if target is not None else ""
    busy = f"processor {statistics.median(worked):.0f} ms" if worked else ""
    print(f"{what:<44} {milliseconds:8.1f} ms   {goal:<16} {busy}")


if __name__ == "__main__":
    main()
