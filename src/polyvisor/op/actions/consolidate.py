"""Merge into a server's disks what deleted snapshots have left (Polyvisor's os-vmware-consolidate)."""

from __future__ import annotations

from polyvisor.op.actions.action import Action, NoArguments
from polyvisor.op.actions.request import Request, server_action
from polyvisor.op.rights import Right

_REQUEST = Request(server_action({"os-vmware-consolidate": {}}), ["os-vmware-consolidate"])
ACTION = Action("consolidate", Right.SERVER_SNAPSHOT, NoArguments, _REQUEST.steps(), plugin=lambda _: True)
