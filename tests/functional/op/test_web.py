"""The web UI's files as browsers get them; what is in them is looked at in tests/e2e/web."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from polyvisor.op.api import problems, web

SCRIPT = "console.log('shown')"
PAGE = "<!doctype html><title>Polyvisor</title>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As a build leaves it; what is 'compressed' says how."""
    (tmp_path / "assets").mkdir()
    for name, text in {"index.html": PAGE, "assets/main-abc.js": SCRIPT}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / f"{name}.br").write_text(f"br {text}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    return tmp_path


@pytest.fixture
def browser(folder: Path) -> TestClient:
    return _client(folder)


def _client(folder: Path) -> TestClient:
    app = FastAPI()
    app.add_api_route("/api/v1/actions", lambda: None, methods=["POST"])
    problems.install(app)
    web.install(app, folder)
    return TestClient(app, headers={"Accept-Encoding": "identity"})


@pytest.mark.parametrize("path", ["/", "/inventory/server", "/resource/1/snapshots"])
def test_every_view_is_the_one_page_and_is_asked_for_anew(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-type"].startswith("text/html")


def test_what_is_named_by_its_content_is_kept_for_ever(browser: TestClient) -> None:
    answer = browser.get("/assets/main-abc.js")
    assert answer.text == SCRIPT
    assert "immutable" in answer.headers["cache-control"]


def test_scripts_of_others_do_not_run(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_browser_gets_the_smallest_file_that_it_can_read(folder: Path) -> None:
    client = _client(folder)
    wanted = client.build_request("GET", "/assets/main-abc.js", headers={"Accept-Encoding": "gzip, br"})
    answer = client.send(wanted, stream=True)  # and not read: it is no Brotli
    assert answer.headers["content-encoding"] == "br"
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["vary"] == "Accept-Encoding"


def test_a_file_that_has_not_changed_is_not_sent_again(browser: TestClient) -> None:
    for coding in ("identity", "br"):
        first = browser.get("/", headers={"Accept-Encoding": "identity"})
        seen = {"If-Modified-Since": first.headers["last-modified"], "Accept-Encoding": coding}
        assert browser.get("/", headers=seen).status_code == 304


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/assets/old-123.js", "/../secret", "/%2e%2e/secret"])
def test_what_is_no_view_is_not_the_page(browser: TestClient, folder: Path, path: str) -> None:
    (folder.parent / "secret").write_text("secret")
    answer = browser.get(path)
    assert "secret" not in answer.text.replace(path, "")
    if path.startswith(("/api", "/assets")):
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_the_api_does_not_do_is_still_the_api_s_to_refuse(browser: TestClient) -> None:
    answer = browser.get("/api/v1/actions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_without_a_build_it_says_how_to_make_one(tmp_path: Path) -> None:
    answer = _client(tmp_path).get("/")
    assert answer.status_code == 503
    assert "make web" in answer.text
