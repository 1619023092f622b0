"""/tokens: the caller's own, for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from polyvisor.op.api.dependencies import Reading, TheCaller, Writing
from polyvisor.op.api.needs import SIGNED_IN
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.token import NewTokenOut, TokenIn, TokenOut
from polyvisor.op.db.base import now
from polyvisor.op.identity import token as tokens
from polyvisor.op.message import say
from polyvisor.op.problem import Forbidden, Invalid

router = APIRouter(prefix="/tokens", tags=["tokens"])
_LONGEST = timedelta(days=366)


@router.get("", dependencies=[SIGNED_IN])
def list_tokens(session: Reading, caller: TheCaller) -> Page[TokenOut]:
    """One's own tokens, the latest first."""
    found = tokens.list_of(session, caller.user.id)
    return Page(items=[TokenOut.model_validate(one) for one in found], next=None)


@router.post("", status_code=201, dependencies=[SIGNED_IN], responses=documented(403))
def create_token(session: Writing, caller: TheCaller, wanted: TokenIn) -> NewTokenOut:
    """Make a token. Only who is logged in by a browser can: a token that got lost must not beget others."""
    if caller.session is None:
        raise Forbidden(say("token_makes_none"))
    if not now() < wanted.expires_at <= now() + _LONGEST:
        raise Invalid("body.expires_at", say("token_too_long", days=_LONGEST.days))
    issued = tokens.issue(session, caller.actor, caller.user, wanted.name, wanted.expires_at, wanted.rights)
    shown = TokenOut.model_validate(issued.token)
    return NewTokenOut(**shown.model_dump(), secret=issued.secret)


@router.delete("/{token_id}", status_code=204, dependencies=[SIGNED_IN], responses=documented(404))
def revoke_token(
    session: Writing, caller: TheCaller, token_id: Annotated[Id, Path(description="Of a token.")]
) -> None:
    """Revoke one of one's own tokens."""
    tokens.revoke(session, caller.actor, token_id, user_id=caller.user.id)
