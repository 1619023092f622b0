"""Actions on servers: one model for each, of its arguments."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from polyvisor.op.actions.action import Action, Arguments
from polyvisor.op.actions.registry import ACTIONS
from polyvisor.op.api.schemas.base import Id, In, Out

Resources = Annotated[list[Id], Field(min_length=1, max_length=1000, json_schema_extra={"uniqueItems": True})]


class AnyActionIn(In):
    """What all of them have."""

    action: str
    arguments: Arguments
    #: Only of those that can be tried out.
    dry_run: bool = False


class AnyBulkIn(AnyActionIn):
    """The same action on several servers."""

    resources: Resources


class ReleaseIn(In):
    """Adopted servers that are to be released."""

    resources: Resources


class CheckOut(Out):
    """What would come of an action: nothing has been done."""

    check: dict[str, Any] = Field(
        description="As the cloud tells it.",
        examples=[{"hosts": [{"name": "esx12", "ok": True, "reasons": []}], "datastores": []}],
    )


def _model(action: Action[Any], suffix: str, **more: Any) -> type[In]:
    name = "".join(word.capitalize() for word in action.name.split("_")) + suffix
    needed = any(field.is_required() for field in action.arguments.model_fields.values())
    default = Field() if needed else Field(default_factory=action.arguments)
    fields: dict[str, Any] = {"action": (Literal[action.name], Field(examples=[action.name]))}
    fields |= {"arguments": (action.arguments, default)} | more
    if action.check is not None and not more:
        about = Field(False, description="Do nothing, and tell what would come of it.")
        fields["dry_run"] = (bool, about)
    made: type[In] = create_model(name, __base__=In, __doc__=f"{name}.", **fields)
    return made


if TYPE_CHECKING:
    ActionIn = AnyActionIn
    BulkIn = AnyBulkIn
else:
    _ONE = tuple(_model(action, "In") for action in ACTIONS.values())
    _MANY = tuple(_model(action, "BulkIn", resources=(Resources, ...)) for action in ACTIONS.values())
    ActionIn = Annotated[reduce(or_, _ONE), Field(discriminator="action")]
    BulkIn = Annotated[reduce(or_, _MANY), Field(discriminator="action")]
