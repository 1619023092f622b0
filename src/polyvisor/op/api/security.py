"""How callers of the API prove who they are, as the OpenAPI document tells it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polyvisor.op.api.needs import declared

_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API token, of `POST /tokens`.",
}
_SESSION = {
    "type": "apiKey",
    "in": "cookie",
    "description": "Of a browser that has logged in at `POST /session`. "
    "What changes something needs the header `X-CSRF-Token` too.",
}


def describe(document: dict[str, Any], cookie: str, prefix: str, routes: Iterable[Any]) -> dict[str, Any]:
    """Add the ways to be known to an OpenAPI document, and to each of the routes whether one is needed."""
    document["components"]["securitySchemes"] = {
        "token": _TOKEN,
        "session": _SESSION | {"name": cookie},
    }
    for route in routes:
        for method in getattr(route, "methods", ()) if declared(route) != ["public"] else ():
            operation = document["paths"][f"{prefix}{route.path}"][method.lower()]
            operation["security"] = [{"token": []}, {"session": []}]
    return document
