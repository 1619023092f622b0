"""A request to Nova for an action on a server, made once, and waited for.

Nova writes down each action on a server with the id of the request before it answers. What there was before
is remembered first; so whoever repeats the step after a crash finds the action that came of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from openstack import exceptions as sdk

from polyvisor.message import Message
from polyvisor.op.message import say
from polyvisor.op.operations.context import Context
from polyvisor.op.operations.step import Done, Outcome, Step, StepError, Wait, at_once
from polyvisor.op.problem import Problem

_REQUEST_ID = "x-compute-request-id"
#: Gives the answer of Nova to the request.
Post = Callable[[Any, Context], Any]


def never(_context: Context) -> bool:
    """What is wanted is never there already."""
    return False


@dataclass(frozen=True)
class Request:
    """How to ask for an action, and how Nova calls it."""

    post: Post
    names: Sequence[str]
    #: Whether what is wanted is so already.
    fulfilled: Callable[[Context], bool] = never
    #: As the account of the cloud: Nova lets only administrators do it.
    as_cloud: bool = False
    #: Asks the cloud to end it before its time.
    abort: Post | None = None

    def steps(self) -> tuple[Step, Step, Step]:
        """Look what there is, ask, wait."""
        abandon = self._abandon if self.abort else at_once
        return (
            Step("look", self._look, at_once),
            Step("ask", self._ask),
            Step("wait", self._wait, abandon),
        )

    def _look(self, context: Context) -> Outcome:
        if "known" not in context.memory:
            known = [one.request_id for one in self._actions(context)]
            context.remember(known=known, fulfilled=self.fulfilled(context))
        return Done(say("already_so") if context.memory["fulfilled"] else "")

    def _ask(self, context: Context) -> Outcome:
        if context.memory["fulfilled"]:
            return Done()
        if (found := self._made(context)) is None:
            answer = context.act(lambda cloud: self.post(cloud, context), as_cloud=self.as_cloud)
            sdk.raise_from_response(answer)
            found = answer.headers[_REQUEST_ID]
        context.remember(request=found)
        return Done(found)

    def _wait(self, context: Context) -> Outcome:
        if context.memory["fulfilled"]:
            return Done()
        server = context.run(lambda cloud: cloud.compute.get_server(context.server), as_cloud=self.as_cloud)
        if server.task_state is not None:
            return Wait(server.task_state, progress=server.progress or 0)
        action = find_action(context, context.memory["request"], as_cloud=self.as_cloud)
        events = action.events or []
        if not events or any(event.finish_time is None for event in events):
            return Wait(say("begins"))
        if action.message == "Error" or any(event.result == "Error" for event in events):
            raise StepError(why(context, action, server))
        return Done(server.status)

    def _abandon(self, context: Context) -> bool:
        assert self.abort is not None  # noqa: S101 - as steps() has it
        abort = self.abort
        try:
            answer = context.act(lambda cloud: abort(cloud, context), as_cloud=self.as_cloud)
            sdk.raise_from_response(answer)
        except sdk.ConflictException:
            return False  # it cannot be aborted now, or it has ended
        return False

    def _made(self, context: Context) -> str | None:
        """The request of a former run of this step."""
        known = set(context.memory["known"])
        new = [one for one in self._actions(context) if one.request_id not in known]
        return next((str(one.request_id) for one in new if one.action in self.names), None)

    def _actions(self, context: Context) -> list[Any]:
        return context.run(
            lambda cloud: list(cloud.compute.server_actions(context.server)), as_cloud=self.as_cloud
        )


def find_action(context: Context, request: str, *, as_cloud: bool = False) -> Any:
    """Nova's record of a request."""
    return context.run(
        lambda cloud: cloud.compute.get_server_action(request, context.server), as_cloud=as_cloud
    )


def why(context: Context, action: Any, server: Any) -> Message:
    """Why an action failed, as well as the cloud tells: it shows details to administrators."""
    events = action.events or []
    try:
        seen = find_action(context, action.request_id, as_cloud=True)
        events = seen.events or events
    except (Problem, sdk.SDKException):
        pass  # the account may not; what the project may see has to do
    for event in reversed(events):
        if event.result == "Error" and event.details:
            return say("cloud_says", text=event.details)
    fault = (server.fault or {}).get("message") if server.status == "ERROR" else None
    return say("cloud_says", text=fault) if fault else say("cloud_no_reason", request=action.request_id)


def in_error(server: Any) -> Message:
    """Why a server is in ERROR."""
    fault = (server.fault or {}).get("message")
    return say("server_in_error", text=fault) if fault else say("server_in_error_only")


def server_action(body: dict[str, Any]) -> Post:
    """A request for one of Nova's actions, or of Polyvisor's in Nova."""
    return lambda cloud, context: cloud.compute.post(f"/servers/{context.server}/action", json=body)


def has_status(*statuses: str) -> Callable[[Context], bool]:
    """Whether the server has one of these statuses, and nothing is under way with it."""

    def check(context: Context) -> bool:
        server = context.run(lambda cloud: cloud.compute.get_server(context.server))
        return server.status in statuses and server.task_state is None

    return check
