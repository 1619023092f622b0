"""/health: whether this process works; for load balancers."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import text

from polyvisor.op.api.dependencies import Reading
from polyvisor.op.api.needs import PUBLIC
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Out

router = APIRouter(prefix="/health", tags=["health"])


class HealthOut(Out):
    """It works."""

    status: str = "ok"


@router.get("", dependencies=[PUBLIC], responses=documented(503))
def show_health(session: Reading) -> HealthOut:
    """Whether the platform answers, and its database."""
    session.execute(text("SELECT 1"))
    return HealthOut()
