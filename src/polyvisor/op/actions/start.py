"""Start a server."""

from __future__ import annotations

from polyvisor.op.actions.action import Action, NoArguments
from polyvisor.op.actions.request import Request, has_status, server_action
from polyvisor.op.rights import Right

_REQUEST = Request(server_action({"os-start": None}), ["start"], has_status("ACTIVE"))
ACTION = Action("start", Right.SERVER_OPERATE, NoArguments, _REQUEST.steps())
