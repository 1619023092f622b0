"""The first administrator of a platform that has no user yet."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from polyvisor.op.db.models import Grant, User
from polyvisor.op.identity import password
from polyvisor.op.identity import user as users
from polyvisor.op.identity.access import ROOT
from polyvisor.op.identity.actor import worker
from polyvisor.op.identity.user import Profile
from polyvisor.op.platform import Platform
from polyvisor.op.rights import ADMINISTRATOR

NAME = "admin"


def ensure_administrator(platform: Platform) -> Path | None:
    """Make the user ``admin`` if there is no user, and give the file that has its password, mode 0600."""
    with platform.database.write() as session:
        if session.scalar(select(User.id).limit(1)):
            return None
        secret = password.generate()
        made = users.create(session, worker(), NAME, secret, Profile("Administrator"))
        session.add(Grant(user_id=made.id, role=ADMINISTRATOR.name, node=ROOT))
        # Before the commit: a user whose password nobody knows would be the only one.
        file = platform.settings.data / "admin-password"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_text(secret + "\n")
    return file
