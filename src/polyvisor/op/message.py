"""Messages with a code, so that who shows them can say them in another language.

The web UI has each under `message` in its texts, with the same parameters: a test sees to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NO_PLUGIN = "Polyvisor's plug-in is not in its Nova, or the platform's account may not use it"
#: Code, which never changes -> what it says. A parameter ``action``, ``state`` or ``kind`` is one of the
#: platform's own names, and has words of its own.
MESSAGES: Mapping[str, str] = {
    "action_needs_plugin": f"cloud {{cloud}} cannot do this ({{action}}): {_NO_PLUGIN}",
    "busy": "{action} is under way with {name} (operation {operation}): wait for it or cancel it",
    "cloud_cannot_adopt": f"cloud {{cloud}} cannot adopt: {_NO_PLUGIN}",
    "cloud_is_draining": "cloud {cloud} is being drained: nothing new is placed on it",
    "console_off": "{name} is off, and has no console: start it first",
    "console_ticket": "the console's ticket is used, expired or for somebody else: ask for a new one",
    "gone": "{name} is not there any more",
    "network_is_there": "{network} is there already: change it where it is",
    "network_not_in_plan": "the plan has no network {network}",
    "nothing_discovered": "{adoption}: nothing was read from its vCenters yet: discover first",
    "plan_missing": "{adoption} has no plan yet: discover first, or upload one",
    "plan_of_other_vcenter": "the plan is about vCenter {vcenter}, which is none of this adoption's",
    "server_not_adopted": "{name} was not adopted by this platform; if `polyvisor adopt` did it, release it "
    "by its plan",
    "server_twice": "names the same server twice",
    "servers_only": "{name} is no server ({kind}): this can be done to servers only",
    "tenant_has_no_project": "the tenant has no project on this cloud: give it one first",
    "vm_has_no_disk": "{vm} has no disk {part}",
    "vm_has_no_nic": "{vm} has no NIC {part}",
    "vm_never_adopted": "{vm} was never adopted by {adoption}",
    "vm_not_in_plan": "no VM {vm} in the plan of {adoption}",
    "vm_not_ready": "{vm} is {state}: only what is ready can be adopted",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A text in English, and what it is made of."""

    text: str
    code: str
    params: Mapping[str, str]

    def __str__(self) -> str:
        return self.text


def say(code: str, **params: object) -> Message:
    """The message with a code."""
    values = {name: str(value) for name, value in params.items()}
    return Message(MESSAGES[code].format(**values), code, values)


def of_input(kind: str, text: str, context: Mapping[str, object]) -> Message:
    """What pydantic says of a value, by its name of the error; the web UI has words for the usual ones."""
    return Message(text, f"input_{kind}", {name: str(value) for name, value in context.items()})
