"""Logging in by an OpenID provider, a small real one."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import pytest
import requests


@pytest.fixture
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def op(open_op: Any, settings: Any, provider: str) -> Any:
    oidc = {"issuer": provider, "client_id": "polyvisor", "client_secret": "not-much-of-one"}
    return open_op(type(settings)(**settings.model_dump(exclude={"oidc"}), oidc=oidc))


def agree(url: str, subject: str) -> dict[str, str]:
    """What the provider sends back when somebody has logged in there."""
    answer = requests.post(url, data={"sub": subject}, allow_redirects=False, timeout=30)
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


def test_somebody_comes_back_logged_in_without_any_role(op: Any) -> None:
    browser = op.anonymous()
    away = browser.get("session/oidc")
    assert away.status_code == 302, away.text
    back = browser.get("session/oidc/callback", params=agree(away.headers["location"], "li@corp.example"))
    assert (back.status_code, back.headers["location"]) == (302, "/"), back.text
    session = browser.get("session").json()
    assert session["user"]["source"] == "oidc"
    assert session["held"] == []
    again = op.anonymous()
    away = again.get("session/oidc")
    again.get("session/oidc/callback", params=agree(away.headers["location"], "li@corp.example"))
    assert again.get("session").json()["user"]["id"] == session["user"]["id"]


def test_an_answer_in_another_browser_is_refused(op: Any) -> None:
    answer = agree(op.anonymous().get("session/oidc").headers["location"], "li@corp.example")
    assert op.anonymous().get("session/oidc/callback", params=answer).status_code == 401
    third = op.anonymous()
    third.get("session/oidc")
    assert third.get("session/oidc/callback", params=answer).status_code == 401


def test_a_code_that_the_provider_did_not_give_is_refused(op: Any) -> None:
    browser = op.anonymous()
    away = browser.get("session/oidc")
    answer = agree(away.headers["location"], "li@corp.example") | {"code": "made-up"}
    assert browser.get("session/oidc/callback", params=answer).status_code == 401


def test_nobody_becomes_another_by_the_name_a_provider_gives(op: Any) -> None:
    browser = op.anonymous()
    away = browser.get("session/oidc")
    browser.get("session/oidc/callback", params=agree(away.headers["location"], "chief"))
    session = browser.get("session").json()
    assert session["user"]["name"] != "chief"
    assert session["held"] == []
