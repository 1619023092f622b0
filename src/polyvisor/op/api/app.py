"""The application: routers, errors, headers."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from polyvisor.op.api import problems, security, web
from polyvisor.op.api.dependencies import SECURE_COOKIE, cookie_name, get_request_id
from polyvisor.op.api.needs import guard
from polyvisor.op.api.routers import (
    action,
    adoption,
    adoption_operation,
    adoption_plan,
    adoption_vm,
    audit,
    cloud,
    console,
    event,
    filter,  # noqa: A004 - the noun
    grant,
    health,
    operation,
    overview,
    project,
    resource,
    role,
    search,
    server,
    session,
    tenant,
    token,
    tree,
    user,
    vcenter,
)
from polyvisor.op.inventory.events import Bell
from polyvisor.op.platform import Platform

PREFIX = "/api/v1"
ROUTERS = (
    health,
    session,
    token,
    user,
    role,
    grant,
    tenant,
    project,
    cloud,
    audit,
    resource,
    tree,
    search,
    filter,
    event,
    overview,
    operation,
    action,
    server,
    console,
    vcenter,
    adoption,
    adoption_vm,
    adoption_plan,
    adoption_operation,
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    ),
}


def make_app(platform: Platform) -> FastAPI:
    """The application on a platform; who opened that closes it."""
    app = _application(cookie_name(platform))
    app.state.platform = platform
    app.state.bell = Bell(platform.database)
    app.middleware("http")(_with_headers)
    problems.install(app)
    web.install(app)
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document; it needs no platform."""
    return _application(SECURE_COOKIE).openapi()


def _application(cookie: str) -> FastAPI:
    app = FastAPI(
        title="Polyvisor operations platform",
        version=importlib.metadata.version("polyvisor"),
        description="Several clouds behind one API. Errors are `application/problem+json`.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # what clients call their functions
    )
    app.include_router(_api())
    app.openapi = lambda: _document(app, cookie)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI, cookie: str) -> dict[str, Any]:
    """The OpenAPI document, with what FastAPI does not know of."""
    document = problems.describe(FastAPI.openapi(app))
    routes = [route for module in ROUTERS for route in module.router.routes]
    return security.describe(document, cookie, PREFIX, routes)


def _api() -> APIRouter:
    common = problems.documented(400, 401, 403, 422)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(guard)], responses=common)
    for module in ROUTERS:
        api.include_router(module.router)
    return api


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = get_request_id(request)
    if request.url.path.startswith(PREFIX):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
