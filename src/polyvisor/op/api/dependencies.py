"""What a handler is given: the platform, a session of the database, who calls and what they may do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.requests import HTTPConnection
from sqlalchemy.orm import Session

from polyvisor.op.audit.entry import AUDITED
from polyvisor.op.db.models import LoginSession, User
from polyvisor.op.identity import access as rules
from polyvisor.op.identity import session as sessions
from polyvisor.op.identity import token as tokens
from polyvisor.op.identity.access import Access
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.paging import Slice
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Unauthenticated

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def get_platform(request: HTTPConnection) -> Platform:
    """The platform that the application was made for."""
    platform: Platform = request.app.state.platform
    return platform


ThePlatform = Annotated[Platform, Depends(get_platform)]


#: The prefix has browsers insist on https and on this host.
SECURE_COOKIE = "__Host-polyvisor"


def cookie_name(platform: Platform) -> str:
    """Name of the session's cookie."""
    return SECURE_COOKIE if platform.settings.secure else "polyvisor"


def get_request_id(request: HTTPConnection) -> str:
    """The id that a caller gave the request, if it looks like one, or a new one."""
    if not hasattr(request.state, "request_id"):
        given = request.headers.get("X-Request-Id", "")
        fits = re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given)
        request.state.request_id = given if fits else uuid.uuid4().hex
    found: str = request.state.request_id
    return found


def get_anonymous(request: HTTPConnection) -> Actor:
    """Somebody not logged in (yet)."""
    address = request.client.host if request.client else ""
    return Actor("anonymous", "anonymous", None, address, get_request_id(request))


Anonymous = Annotated[Actor, Depends(get_anonymous)]


class Caller:
    """Somebody logged in: the user, the session of the browser if it is one, and what they may do."""

    def __init__(self, user: User, access: Access, session: LoginSession | None) -> None:
        self.user = user
        self.access = access
        self.session = session

    @property
    def actor(self) -> Actor:
        """As the audit log tells it."""
        return self.access.actor


def get_caller(request: HTTPConnection, platform: ThePlatform, anonymous: Anonymous) -> Caller:
    """Who calls: by token, or by cookie, whose unsafe requests must have the session's CSRF token.

    Browsers cannot send that when they open a websocket, which must ask for another proof by itself.

    Raises Unauthenticated, Forbidden.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not secret:
            raise Unauthenticated(say("bad_authorization"))
        token, user = tokens.find(platform.database, secret.strip())
        return _caller(platform, anonymous, user, "token", limit=token.rights)
    cookie = request.cookies.get(cookie_name(platform))
    if not cookie:
        raise Unauthenticated(say("login_needed"))
    session, user = sessions.find(platform.database, platform.settings, cookie)
    if isinstance(request, Request) and request.method not in SAFE_METHODS:
        sessions.check_csrf(session, request.headers.get(CSRF_HEADER))
    return _caller(platform, anonymous, user, "session", session=session)


def _caller(  # noqa: PLR0913 - a caller has so many parts
    platform: Platform,
    anonymous: Actor,
    user: User,
    via: str,
    *,
    limit: list[str] | None = None,
    session: LoginSession | None = None,
) -> Caller:
    actor = Actor(user.name, via, user.id, anonymous.address, anonymous.request_id)
    with platform.database.read() as reading:
        return Caller(user, rules.load(reading, actor, limit=limit), session)


TheCaller = Annotated[Caller, Depends(get_caller)]


def get_reading(platform: ThePlatform) -> Iterator[Session]:
    """A session that changes nothing."""
    with platform.database.read() as session:
        yield session


def get_writing(platform: ThePlatform) -> Iterator[Session]:
    """A session that is committed before the answer is sent, or undone if there is an error.

    What has no entry in the audit log is not committed.
    """
    with platform.database.write() as session:
        yield session
        if not session.info.get(AUDITED):
            raise AssertionError("a change without its entry in the audit log")


#: Scope "function": the commit has to succeed before the caller is told that it did.
Reading = Annotated[Session, Depends(get_reading, scope="function")]
Writing = Annotated[Session, Depends(get_writing, scope="function")]


def get_slice(
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many items.")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next` of the page before; none for the first.")
    ] = None,
) -> Slice:
    """The part of a list that is asked for."""
    return Slice(limit, cursor)


TheSlice = Annotated[Slice, Depends(get_slice)]
