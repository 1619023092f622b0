"""What a noun must say of its long work in vCenter, so that `operation` can do it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nova.context import RequestContext
from nova.objects.instance import Instance

from polyvisor.nova.compute.action import Action


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to one VM. Kept as JSON.

    :ivar vm: moref; empty where vCenter was asked for nothing, and never will be.
    :ivar summary: the same in words, with source and target, for the instance action.
    :ivar details: what `Work` needs to begin it, and to recognise that it is done.
    :ivar before: morefs of the recent tasks of the VM, if they have been read with it.
    """

    vm: str
    summary: str
    details: dict[str, Any] = field(default_factory=dict)
    before: Sequence[str] | None = None


class Unfinished(Exception):  # noqa: N818 - it is not the end
    """Nova cannot follow what has become of the VM, as another service is away. To be tried again."""


class Work(ABC):
    """One kind of work: that of one noun. Its methods may raise `VSphereError` or `NovaException`.

    What `finish` and `settle` have to do at all costs, they raise `Unfinished` for.

    :cvar noun: the event in the instance action is ``polyvisor_<noun>``.
    :cvar task_state: one of `polyvisor.nova.task_states`, which the API has set.
    :cvar nova_task_state: the one in which a nova-compute that was killed has left the server, where that is
        Nova's own. Nova would give such a server back at once when nova-compute starts.
    """

    noun: str
    task_state: str
    nova_task_state: str | None = None

    @abstractmethod
    def plan(self, context: RequestContext, instance: Instance, request: dict[str, Any]) -> Plan:
        """Read, and refuse what cannot be. Changes nothing."""

    @abstractmethod
    def start(self, plan: Plan) -> Any:
        """Start the task in vCenter and return it; None where there is nothing left to do for it."""

    @abstractmethod
    def is_done(self, plan: Plan) -> bool:
        """Look at the VM, of which no task runs any more: was it done? Asked where vCenter has forgotten."""

    @abstractmethod
    def finish(self, context: RequestContext, instance: Instance, plan: Plan, result: Any) -> str:
        """Do what is left to do in Nova, once or again, and say what was done.

        :param result: the result of the task; None where vCenter has forgotten it.
        """

    def settle(self, context: RequestContext, instance: Instance, plan: Plan, error: Exception) -> None:  # noqa: B027
        """Put right what work that failed has left half done, if that can be.

        :param error: why it failed.
        """

    def take_back(self, context: RequestContext, instance: Instance) -> None:  # noqa: B027
        """Take back what the API has noted of work that has failed, or was never begun."""

    def abandoned(
        self,
        host: str,  # noqa: ARG002
        *,
        starting: bool,  # noqa: ARG002
    ) -> Iterable[tuple[RequestContext, Instance, Plan]]:
        """Find work that Nova has begun and nobody does; there may be a record of it, or not.

        The plans ask vCenter for nothing: they are settled.

        :param host: this compute service.
        :param starting: nothing of it runs yet.
        """
        return ()


@dataclass(slots=True)
class Running:
    """Work that a thread does now.

    :ivar server: its UUID.
    :ivar task: vCenter's, while it is waited for.
    :ivar before: morefs of the VM's tasks that are not this work's.
    """

    server: str
    work: Work
    action: Action | None = None
    task: Any = None
    before: frozenset[str] = frozenset()
