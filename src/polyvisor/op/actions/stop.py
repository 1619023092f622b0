"""Stop a server: its guest is told first, and has Nova's time to end."""

from __future__ import annotations

from polyvisor.op.actions.action import Action, NoArguments
from polyvisor.op.actions.request import Request, has_status, server_action
from polyvisor.op.rights import Right

_REQUEST = Request(server_action({"os-stop": None}), ["stop"], has_status("SHUTOFF"))
ACTION = Action("stop", Right.SERVER_OPERATE, NoArguments, _REQUEST.steps())
