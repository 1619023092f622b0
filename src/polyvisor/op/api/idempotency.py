"""The header by which a repeated request is known to be one."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[A-Za-z0-9._-]{1,255}$",
        description="The same key of the same user: the same operation, not a second one.",
    ),
]
