"""Every error as ``application/problem+json``, with the field and the reason."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from polyvisor.message import Message
from polyvisor.op.api.dependencies import get_request_id
from polyvisor.op.api.schemas.base import FieldErrorOut, MessageOut, ProblemOut
from polyvisor.op.clouds import faults
from polyvisor.op.message import of_input, say
from polyvisor.op.problem import FieldError, Problem, Unauthenticated
from polyvisor.op.vault import VaultError

LOG = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"


class _Http(Problem):
    """What the framework itself refuses: no such path, no such method."""

    def __init__(self, status: int, message: Message) -> None:
        super().__init__(message)
        self.status = status
        self.title = HTTPStatus(status).phrase
        self.code = self.title.lower().replace(" ", "_")


def install(app: FastAPI) -> None:
    """Have the application answer with problems."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SDKException, _cloud)
    app.add_exception_handler(ClientException, _cloud)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(VaultError, _vault)
    app.add_exception_handler(Exception, _unexpected)


def answer(request: HTTPConnection, problem: Problem, headers: dict[str, str] | None = None) -> JSONResponse:
    """The answer that tells of a problem."""
    body = ProblemOut(
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        code=problem.code,
        message=MessageOut.model_validate(problem.message),
        errors=[FieldErrorOut.model_validate(one) for one in problem.errors],
        request_id=get_request_id(request),
    )
    more = dict(headers or {})
    if problem.retry_after is not None:
        more["Retry-After"] = str(math.ceil(problem.retry_after))
    if isinstance(problem, Unauthenticated):
        more["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body.model_dump(), problem.status, more, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For ``responses`` of a router: these statuses come with a problem."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
        }
        for status in statuses
    }


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """Add what ``documented`` refers to to an OpenAPI document. No handler returns it, so it is not there."""
    schema = ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= schema.pop("$defs", {}) | {"ProblemOut": schema}
    return document


async def _problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - as registered
    return answer(request, error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    errors = tuple(
        FieldError(
            ".".join(map(str, one["loc"])),
            of_input(one["type"], one["msg"], one.get("ctx", {})),
        )
        for one in error.errors()
    )
    reasons = [say("field", field=one.field, reason=one.message) for one in errors]
    problem = Problem(say("all_of", reasons=reasons), errors=errors)
    problem.status, problem.title, problem.code = 422, "Invalid request", "invalid"
    return answer(request, problem)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    said = say("http", text=error.detail, method=request.method, path=request.url.path)
    return answer(request, _Http(error.status_code, said), dict(error.headers or {}))


async def _cloud(request: Request, error: Exception) -> JSONResponse:
    return answer(request, faults.of_request(error))


async def _database(request: Request, error: Exception) -> JSONResponse:
    LOG.error("request %s: %s", get_request_id(request), error)
    problem = _Http(503, say("database_busy"))
    problem.retry_after = 5
    return answer(request, problem)


async def _vault(request: Request, error: Exception) -> JSONResponse:
    return answer(request, _Http(500, faults.reason(error)))


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    LOG.error("request %s %s", request.method, request.url.path, exc_info=error)
    return answer(request, Problem(say("internal")))
