"""All actions, by name."""

from __future__ import annotations

from typing import Any

from polyvisor.op.actions import (
    clone,
    consolidate,
    create,
    delete,
    migrate,
    port,
    reboot,
    resize,
    snapshot,
    start,
    stop,
    volume,
)
from polyvisor.op.actions.action import Action
from polyvisor.op.adoption import release, request
from polyvisor.op.operations.step import Step
from polyvisor.op.rights import Right

#: What can be done to a server that there is.
ACTIONS: dict[str, Action[Any]] = {
    action.name: action
    for action in (
        start.ACTION,
        stop.ACTION,
        reboot.ACTION,
        delete.ACTION,
        resize.ACTION,
        clone.ACTION,
        migrate.ACTION,
        snapshot.TAKE,
        snapshot.REVERT,
        snapshot.DELETE,
        consolidate.ACTION,
        volume.ATTACH,
        volume.DETACH,
        port.ATTACH,
        port.DETACH,
    )
}
#: Of every operation that the engine may be given.
STEPS: dict[str, tuple[Step, ...]] = {
    create.NAME: create.STEPS,
    **request.STEPS,
    **{name: action.steps for name, action in ACTIONS.items()},
}
#: What is needed to ask for each.
RIGHTS: dict[str, Right] = {
    create.NAME: Right.SERVER_CREATE,
    **dict.fromkeys(request.STEPS, Right.ADOPTION_MANAGE),
    release.NAME: Right.SERVER_RELEASE,
    **{name: action.right for name, action in ACTIONS.items()},
}
