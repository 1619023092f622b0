"""Actions: what can be done to a server of a cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints

from polyvisor.op.message import say
from polyvisor.op.operations.step import Step
from polyvisor.op.problem import Conflict
from polyvisor.op.rights import Right

#: A name or an id of a cloud's own: of a host, a datastore, a network, a flavor.
Reference = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
#: A cloud's own id, as it stands in paths of its API.
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ServerName = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=255, pattern=r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
    ),
]


class Arguments(BaseModel):
    """What an action is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoArguments(Arguments):
    """Of an action that is told nothing."""


A = TypeVar("A", bound=Arguments)
#: Gives what would come of it: of the connections of cloud and project, the cloud's id of the server.
Check = Callable[[Any, str, A], dict[str, Any]]


@dataclass(frozen=True)
class Action(Generic[A]):
    """An action. ``check`` tells on the cloud itself what would come of it, and changes nothing."""

    name: str
    right: Right
    arguments: type[A]
    steps: tuple[Step, ...]
    #: Whether it is one of Polyvisor's own plug-ins for Nova that does it, if the cloud has them.
    plugin: Callable[[A | None], bool] = lambda _: False
    check: Check[A] | None = None

    def admit(self, arguments: A | None, cloud: str, capabilities: Mapping[str, Any]) -> None:
        """Raise Conflict if the cloud cannot do it."""
        if self.plugin(arguments) and not (capabilities.get("polyvisor") or {}).get("compute"):
            raise Conflict(say("action_needs_plugin", cloud=cloud, action=self.name))
