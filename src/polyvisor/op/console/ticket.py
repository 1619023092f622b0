"""Tickets: whoever has asked for a console may open it once, and soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from polyvisor.op.db.base import now
from polyvisor.op.db.models import ConsoleTicket
from polyvisor.op.identity import password
from polyvisor.op.message import say
from polyvisor.op.problem import Forbidden
from polyvisor.op.vault import Vault


@dataclass(frozen=True, slots=True)
class Issued:
    """A new ticket: the secret is kept nowhere else."""

    secret: str
    expires_at: datetime


def issue(  # noqa: PLR0913 - what a ticket consists of
    session: Session, vault: Vault, *, user_id: str, resource_id: str, address: str, seconds: float
) -> Issued:
    """A ticket for a user to the console of a server, at the cloud's ``address``, which is a secret too."""
    secret, expires_at = password.generate(), now() + timedelta(seconds=seconds)
    session.add(
        ConsoleTicket(
            digest=password.digest(secret),
            user_id=user_id,
            resource_id=resource_id,
            address=vault.seal({"address": address}),
            expires_at=expires_at,
        )
    )
    return Issued(secret, expires_at)


def redeem(session: Session, vault: Vault, secret: str, *, user_id: str, resource_id: str) -> str:
    """The cloud's address; nobody gets it a second time.

    Raises Forbidden if the ticket is used, expired, or of somebody or something else.
    """
    found = session.get(ConsoleTicket, password.digest(secret))
    if (
        found is None
        or (found.user_id, found.resource_id) != (user_id, resource_id)
        or found.expires_at <= now()
        or not _take(session, found)
    ):
        raise Forbidden(say("console_ticket"))
    return str(vault.open(found.address)["address"])


def _take(session: Session, found: ConsoleTicket) -> bool:
    """Whether nobody else was quicker."""
    taken: Any = session.execute(delete(ConsoleTicket).where(ConsoleTicket.digest == found.digest))
    return bool(taken.rowcount)


def clean(session: Session) -> None:
    """Forget tickets that have expired."""
    session.execute(delete(ConsoleTicket).where(ConsoleTicket.expires_at < now()))
