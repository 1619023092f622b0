"""Bodies of POST /os-server-adopt, and of POST /servers/{server_id}/action {"os-server-release": {...}}."""

from nova.api.validation import parameter_types

_ID = {"type": "string", "format": "uuid"}
_PORT = {
    "type": "object",
    "properties": {"port": _ID, "nic": {"type": "integer", "minimum": 0}},
    "required": ["port", "nic"],
    "additionalProperties": False,
}
_SERVER = {
    "type": "object",
    "properties": {
        "name": parameter_types.name,
        "description": parameter_types.description,
        "project_id": {"type": "string", "pattern": "^[a-zA-Z0-9-]{1,64}$"},
        "vm": {"type": "string", "pattern": "^[0-9a-fA-F-]{36}:vm-[0-9]+$"},
        "instance_uuid": _ID,
        "ticket": {"type": "string", "minLength": 1, "maxLength": 255},
        "flavor": {"type": "string", "minLength": 1, "maxLength": 255},
        "ports": {"type": "array", "items": _PORT, "maxItems": 10},
        "volumes": {"type": "array", "items": _ID, "uniqueItems": True},
        "metadata": parameter_types.metadata,
        "console": {"type": "boolean"},
    },
    "required": ["name", "vm", "instance_uuid", "ticket", "flavor", "ports"],
    "additionalProperties": False,
}

CREATE = {
    "type": "object",
    "properties": {"server": _SERVER},
    "required": ["server"],
    "additionalProperties": False,
}

RELEASE = {
    "type": "object",
    "properties": {
        "os-server-release": {
            "type": ["object", "null"],
            "properties": {"force": {"type": "boolean"}},
            "additionalProperties": False,
        }
    },
    "required": ["os-server-release"],
    "additionalProperties": False,
}
