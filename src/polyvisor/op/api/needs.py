"""How a path says who may use it. One that says nothing is an administrator's only.

@router.get("/clouds", dependencies=[needs(Right.CLOUD_READ, ANYWHERE)])     the handler filters
@router.get("/clouds/{cloud_id}", dependencies=[needs(Right.CLOUD_READ, at=cloud_nodes)])
@router.post("/clouds", dependencies=[needs(Right.CLOUD_MANAGE)])            at the root of the tree
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import Depends, params
from fastapi.requests import HTTPConnection

from polyvisor.op.api.dependencies import (
    SAFE_METHODS,
    Anonymous,
    Caller,
    TheCaller,
    ThePlatform,
    get_caller,
)
from polyvisor.op.audit import entry
from polyvisor.op.audit.entry import Target
from polyvisor.op.identity.access import ROOT
from polyvisor.op.message import say
from polyvisor.op.platform import Platform
from polyvisor.op.problem import Forbidden
from polyvisor.op.rights import Right

#: A dependency that gives the nodes where the thing of the path is; a right at any of them will do.
NodesOf = Callable[..., Sequence[str]]
_MARK = "polyvisor_declares"


def nowhere_in_particular() -> Sequence[str]:
    """No node: it is enough to have the right somewhere. The handler must see to what of it is shown."""
    return ()


ANYWHERE = nowhere_in_particular


def root() -> Sequence[str]:
    """The root of the tree."""
    return (ROOT,)


def needs(right: Right, at: NodesOf = root) -> params.Depends:
    """Let only those pass who have the right, at the nodes of ``at``. A refusal of a change is logged."""

    # This module evaluates annotations at once: FastAPI could not find ``at`` by its name.
    def check(
        request: HTTPConnection,
        platform: ThePlatform,
        caller: TheCaller,
        nodes: Annotated[Sequence[str], Depends(at)],
    ) -> None:
        require(request, platform, caller, right, nodes)

    return _declaration(check, str(right))


def require(
    request: HTTPConnection, platform: Platform, caller: Caller, right: Right, nodes: Sequence[str]
) -> None:
    """Raise Forbidden unless the caller has the right at one of the nodes. A refusal of a change is logged.

    Not inside ``Database.write``.
    """
    try:
        _require(caller, right, nodes)
    except Forbidden:
        method = request.scope.get("method", "WEBSOCKET")
        if method not in SAFE_METHODS:
            with platform.database.write() as session:
                target = Target(None, f"{method} {request.url.path}", nodes[0] if nodes else ROOT)
                entry.record(session, caller.actor, right, target, outcome="denied")
        raise


def _require(caller: Caller, right: Right, nodes: Sequence[str]) -> None:
    if nodes:
        caller.access.require(right, *nodes)
    elif not caller.access.anywhere(right):
        raise Forbidden(say("no_right_anywhere", user=caller.user.name, right=right))


def _everybody() -> None:
    """Let everybody pass."""


def _signed_in(_caller: TheCaller) -> None:
    """Let everybody pass who is logged in."""


def _declaration(check: Callable[..., None], what: str) -> params.Depends:
    setattr(check, _MARK, what)
    declared: params.Depends = Depends(check)
    return declared


#: For everybody, logged in or not.
PUBLIC = _declaration(_everybody, "public")
#: For everybody who is logged in: what concerns only themselves.
SIGNED_IN = _declaration(_signed_in, "signed in")
#: Said on purpose, where no other right fits.
ADMINISTRATOR_ONLY = needs(Right.ADMINISTER)


def declared(route: Any) -> list[str]:
    """What a route says about who may use it: one right, "public" or "signed in"."""
    found = (getattr(one.dependency, _MARK, None) for one in getattr(route, "dependencies", ()))
    return [what for what in found if what]


def guard(request: HTTPConnection, platform: ThePlatform, anonymous: Anonymous) -> None:
    """Keep a path that says nothing for administrators. All of the API depends on it."""
    if not declared(request.scope["route"]):
        caller = get_caller(request, platform, anonymous)
        require(request, platform, caller, Right.ADMINISTER, root())
