"""/users."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select

from polyvisor.op import paging
from polyvisor.op.api.dependencies import Reading, TheCaller, ThePlatform, TheSlice, Writing
from polyvisor.op.api.needs import SIGNED_IN, needs
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.user import OwnPasswordIn, PasswordIn, UserChange, UserIn, UserOut
from polyvisor.op.db.models import User
from polyvisor.op.identity import login
from polyvisor.op.identity import user as users
from polyvisor.op.identity.user import Profile
from polyvisor.op.rights import Right

router = APIRouter(prefix="/users", tags=["users"])
UserId = Annotated[Id, Path(description="Of a user.")]


@router.get("", dependencies=[needs(Right.USER_READ)])
def list_users(session: Reading, part: TheSlice) -> Page[UserOut]:
    """All users, by name."""
    rows, cursor = paging.fetch(session, select(User), [paging.Key(User.name)], part)
    return Page(items=[UserOut.model_validate(row) for row in rows], next=cursor)


@router.post("", status_code=201, dependencies=[needs(Right.USER_MANAGE)], responses=documented(409))
def create_user(session: Writing, caller: TheCaller, wanted: UserIn) -> UserOut:
    """Make a local user; what it may do is granted at /grants."""
    profile = Profile(wanted.display_name, wanted.email)
    secret = wanted.password.get_secret_value()
    return UserOut.model_validate(users.create(session, caller.actor, wanted.name, secret, profile))


@router.put("/me/password", status_code=204, dependencies=[SIGNED_IN], responses=documented(409, 429))
def change_own_password(platform: ThePlatform, caller: TheCaller, wanted: OwnPasswordIn) -> None:
    """Change one's own password. All sessions end, this one too."""
    current = wanted.current.get_secret_value()
    login.by_password(platform.database, platform.settings, caller.actor, caller.user.name, current)
    with platform.database.write() as session:
        users.set_password(session, caller.actor, caller.user.id, wanted.password.get_secret_value())


@router.get("/{user_id}", dependencies=[needs(Right.USER_READ)], responses=documented(404))
def show_user(session: Reading, user_id: UserId) -> UserOut:
    """One user."""
    return UserOut.model_validate(users.get(session, user_id))


@router.patch("/{user_id}", dependencies=[needs(Right.USER_MANAGE)], responses=documented(404, 409))
def change_user(session: Writing, caller: TheCaller, user_id: UserId, wanted: UserChange) -> UserOut:
    """Change a user. Who is disabled is logged out at once."""
    profile = Profile(wanted.display_name, wanted.email, wanted.disabled)
    return UserOut.model_validate(users.update(session, caller.actor, user_id, profile))


@router.put(
    "/{user_id}/password",
    status_code=204,
    dependencies=[needs(Right.USER_MANAGE)],
    responses=documented(404, 409),
)
def set_password(session: Writing, caller: TheCaller, user_id: UserId, wanted: PasswordIn) -> None:
    """Give a local user a new password, and unlock it. All its sessions end."""
    users.set_password(session, caller.actor, user_id, wanted.password.get_secret_value())


@router.delete(
    "/{user_id}",
    status_code=204,
    dependencies=[needs(Right.USER_MANAGE)],
    responses=documented(404, 409),
)
def remove_user(session: Writing, caller: TheCaller, user_id: UserId) -> None:
    """Remove a user with sessions, tokens and grants."""
    users.remove(session, caller.actor, user_id)
