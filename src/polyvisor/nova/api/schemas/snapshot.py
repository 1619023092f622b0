"""Requests about the snapshots of a server."""

from typing import Any

from nova.api.validation import parameter_types

Schema = dict[str, Any]

# What XML cannot carry to vCenter, and for a name all that does not print.
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
_NOT_IN_XML = r"\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"

_NAME: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": rf"\A(?!\s)[^{_CONTROL}{_NOT_IN_XML}]+(?<!\s)\Z",
}
_DESCRIPTION: Schema = {"type": "string", "maxLength": 1024, "pattern": rf"\A[^{_NOT_IN_XML}]*\Z"}

NO_QUERY: Schema = {"type": "object", "properties": {}, "additionalProperties": False}

DELETE_QUERY: Schema = {
    "type": "object",
    "properties": {"children": parameter_types.single_param(parameter_types.boolean)},
    "additionalProperties": False,
}

CREATE: Schema = {
    "type": "object",
    "properties": {
        "snapshot": {
            "type": "object",
            "properties": {
                "name": _NAME,
                "description": _DESCRIPTION,
                "memory": parameter_types.boolean,
                "quiesce": parameter_types.boolean,
            },
            "required": ["name"],
            "additionalProperties": False,
        },
    },
    "required": ["snapshot"],
    "additionalProperties": False,
}

ACTION: Schema = {
    "type": "object",
    "properties": {
        "revert": {
            "type": ["object", "null"],
            "properties": {"force": parameter_types.boolean},
            "additionalProperties": False,
        },
    },
    "required": ["revert"],
    "additionalProperties": False,
}

CONSOLIDATE: Schema = {
    "type": "object",
    "properties": {
        "os-vmware-consolidate": {
            "type": ["object", "null"],
            "properties": {},
            "additionalProperties": False,
        },
    },
    "required": ["os-vmware-consolidate"],
    "additionalProperties": False,
}
