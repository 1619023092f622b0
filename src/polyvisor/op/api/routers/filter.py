"""/filters: the caller's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from polyvisor.op.api.dependencies import Reading, TheCaller, Writing
from polyvisor.op.api.needs import SIGNED_IN
from polyvisor.op.api.problems import documented
from polyvisor.op.api.schemas.base import Id, Page
from polyvisor.op.api.schemas.filter import FilterIn, FilterOut
from polyvisor.op.inventory import filter as filters

router = APIRouter(prefix="/filters", tags=["inventory"])


@router.get("", dependencies=[SIGNED_IN])
def list_filters(session: Reading, caller: TheCaller) -> Page[FilterOut]:
    """One's own saved filters, by name."""
    found = filters.list_of(session, caller.user.id)
    return Page(items=[FilterOut.model_validate(one) for one in found], next=None)


@router.post("", status_code=201, dependencies=[SIGNED_IN], responses=documented(409))
def create_filter(session: Writing, caller: TheCaller, wanted: FilterIn) -> FilterOut:
    """Save a filter."""
    query = wanted.query.model_dump(exclude_unset=True)
    return FilterOut.model_validate(filters.create(session, caller.actor, caller.user.id, wanted.name, query))


@router.delete("/{filter_id}", status_code=204, dependencies=[SIGNED_IN], responses=documented(404))
def remove_filter(
    session: Writing, caller: TheCaller, filter_id: Annotated[Id, Path(description="Of a filter.")]
) -> None:
    """Remove one of one's own filters."""
    filters.remove(session, caller.actor, caller.user.id, filter_id)
