"""Bodies of the actions os-livemigrate-vmware and os-livemigrate-vmware-abort."""

from typing import Any

_NAME = {"type": "string", "minLength": 1, "maxLength": 255}


def _action(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: parameters},
        "required": [name],
        "additionalProperties": False,
    }


RELOCATE = _action(
    "os-livemigrate-vmware",
    {
        "type": "object",
        "properties": {
            "host": _NAME,
            "datastore": _NAME,
            "disks": {
                "type": "object",
                "patternProperties": {"^.{1,255}$": _NAME},
                "additionalProperties": False,
                "minProperties": 1,
            },
            "priority": {"enum": ["default", "high"]},
            "check": {"type": "boolean"},
        },
        "additionalProperties": False,
    },
)

ABORT = _action(
    "os-livemigrate-vmware-abort", {"type": "object", "properties": {}, "additionalProperties": False}
)
