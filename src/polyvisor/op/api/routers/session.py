"""/session: log in, see who one is, log out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from polyvisor.op.api.dependencies import (
    Anonymous,
    Caller,
    Reading,
    TheCaller,
    ThePlatform,
    Writing,
    cookie_name,
)
from polyvisor.op.api.needs import PUBLIC, SIGNED_IN
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.session import (
    HeldOut,
    KeystoneLogin,
    PasswordLogin,
    ProvidersOut,
    SessionOut,
)
from polyvisor.op.api.schemas.user import UserOut
from polyvisor.op.db.models import Cloud, User
from polyvisor.op.identity import access as rules
from polyvisor.op.identity import keystone, login, oidc
from polyvisor.op.identity import session as sessions
from polyvisor.op.identity.actor import Actor
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Conflict

router = APIRouter(prefix="/session", tags=["session"])


@router.get("/providers", dependencies=[PUBLIC])
def list_providers(platform: ThePlatform, session: Reading) -> ProvidersOut:
    """How one can log in here."""
    provider = platform.settings.oidc
    clouds = list(session.scalars(select(Cloud.id).order_by(Cloud.name)))
    return ProvidersOut(oidc=provider.name if provider else None, keystone=clouds)


@router.post("", status_code=201, dependencies=[PUBLIC], responses=documented(429))
def log_in(
    platform: ThePlatform, anonymous: Anonymous, response: Response, wanted: PasswordLogin
) -> SessionOut:
    """Log in by name and password. The session is a cookie that scripts cannot read."""
    secret = wanted.password.get_secret_value()
    user = login.by_password(platform.database, platform.settings, anonymous, wanted.name, secret)
    return _begin(platform, anonymous, response, user)


@router.post("/keystone", status_code=201, dependencies=[PUBLIC], responses=documented(404, 502, 503))
def log_in_by_keystone(
    platform: ThePlatform, anonymous: Anonymous, response: Response, wanted: KeystoneLogin
) -> SessionOut:
    """Log in by a token of a registered cloud."""
    who = keystone.verify(platform, wanted.cloud_id, wanted.token.get_secret_value())
    with platform.database.write() as session:
        user = login.by_provider(session, anonymous, who)
    return _begin(platform, anonymous, response, user)


@router.get(
    "/oidc",
    status_code=302,
    response_class=RedirectResponse,
    dependencies=[PUBLIC],
    responses=documented(404, 502),
)
def go_to_provider(platform: ThePlatform) -> RedirectResponse:
    """Send the browser to the OpenID provider."""
    departure = oidc.begin(platform)
    response = RedirectResponse(departure.url, 302)
    _set_cookie(platform, response, f"{cookie_name(platform)}-oidc", departure.state, oidc.STATE_SECONDS)
    return response


@router.get(
    "/oidc/callback",
    status_code=302,
    response_class=RedirectResponse,
    dependencies=[PUBLIC],
    responses=documented(404, 502),
)
def come_back_from_provider(
    platform: ThePlatform,
    anonymous: Anonymous,
    request: Request,
    state: Annotated[str, Query(max_length=200)],
    code: Annotated[str, Query(max_length=4000)],
) -> RedirectResponse:
    """Take the browser back from the OpenID provider, logged in."""
    name = f"{cookie_name(platform)}-oidc"
    who = oidc.finish(platform, request.cookies.get(name), state, code)
    with platform.database.write() as session:
        user = login.by_provider(session, anonymous, who)
    response = RedirectResponse("/", 302)
    _begin(platform, anonymous, response, user)
    response.delete_cookie(name, path="/", secure=platform.settings.secure, httponly=True)
    return response


@router.get("", dependencies=[SIGNED_IN])
def show_session(caller: TheCaller) -> SessionOut:
    """Who is logged in, and what they may do where."""
    return _view(caller)


@router.delete("", status_code=204, dependencies=[SIGNED_IN], responses=documented(409))
def log_out(platform: ThePlatform, session: Writing, caller: TheCaller, response: Response) -> None:
    """End the session."""
    if caller.session is None:
        raise Conflict(say("token_has_no_session"))
    sessions.close(session, caller.actor, caller.session.id, user_id=caller.user.id)
    response.delete_cookie(cookie_name(platform), path="/", secure=platform.settings.secure, httponly=True)


def _begin(platform: Platform, anonymous: Actor, response: Response, user: User) -> SessionOut:
    actor = Actor(user.name, "session", user.id, anonymous.address, anonymous.request_id)
    with platform.database.write() as session:
        opened = sessions.open_session(session, platform.settings, actor, user)
        access = rules.load(session, actor)
    seconds = int(platform.settings.session_hours * 3600)
    _set_cookie(platform, response, cookie_name(platform), opened.secret, seconds)
    return _view(Caller(user, access, opened.session))


def _set_cookie(platform: Platform, response: Response, name: str, value: str, seconds: int) -> None:
    # Lax: a link from elsewhere finds the user logged in; changes need the CSRF token as well.
    response.set_cookie(
        name, value, seconds, path="/", secure=platform.settings.secure, httponly=True, samesite="lax"
    )


def _view(caller: Caller) -> SessionOut:
    session = caller.session
    return SessionOut(
        user=UserOut.model_validate(caller.user),
        csrf=session.csrf if session else None,
        expires_at=session.expires_at if session else None,
        held=[
            HeldOut(node=one.node, rights=sorted(one.rights), inherited=one.inherited)
            for one in caller.access.held
        ],
    )
