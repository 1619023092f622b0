"""Body of POST /servers/{server_id}/action {"os-server-clone": {...}}."""

from nova.api.validation import parameter_types

_NAME = {"type": "string", "minLength": 1, "maxLength": 255}
_ID = {"type": "string", "format": "uuid"}
_NETWORKS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"uuid": _ID, "port": _ID, "fixed_ip": parameter_types.ip_address},
        "oneOf": [{"required": ["uuid"]}, {"required": ["port"]}],
        "additionalProperties": False,
    },
}
_SECRET = {"type": "string", "minLength": 1, "maxLength": 255}
_SYSPREP = {
    "type": "object",
    "properties": {
        "full_name": _NAME,
        "organization": _NAME,
        "product_key": {"type": "string", "maxLength": 64},
        "admin_password": _SECRET,
        "time_zone": {"type": "integer", "minimum": 0, "maximum": 999},
        "workgroup": _NAME,
        "join_domain": _NAME,
        "domain_user": _NAME,
        "domain_password": _SECRET,
    },
    "additionalProperties": False,
    "dependencies": {"join_domain": ["domain_user", "domain_password"]},
}
_HOSTNAME = {"type": "string", "pattern": r"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$"}
_DOMAIN = {"type": "string", "pattern": r"^[a-zA-Z0-9.-]{1,253}$"}
_CUSTOMIZATION = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["auto", "linux", "windows", "cloud-init", "none"]},
        "hostname": _HOSTNAME,
        "domain": _DOMAIN,
        "dns_servers": {"type": "array", "items": parameter_types.ip_address, "maxItems": 8},
        "dns_suffixes": {"type": "array", "items": _DOMAIN, "maxItems": 8},
        "time_zone": {"type": "string", "pattern": r"^[A-Za-z0-9+_/-]{1,64}$"},
        "sysprep": _SYSPREP,
        "user_data": {"type": "string", "format": "base64", "maxLength": 65535},
    },
    "additionalProperties": False,
}

CREATE = {
    "type": "object",
    "properties": {
        "os-server-clone": {
            "type": "object",
            "properties": {
                "name": parameter_types.name,
                "count": {"type": "integer", "minimum": 1, "maximum": 100},
                "snapshot": _ID,
                "linked": {"type": "boolean"},
                "host": _NAME,
                "datastore": _NAME,
                "networks": _NETWORKS,
                "power_on": {"type": "boolean"},
                "metadata": parameter_types.metadata,
                "key_name": parameter_types.name,
                "customization": _CUSTOMIZATION,
                "volumes": {"type": "string", "enum": ["copy", "omit"]},
                "project_id": {"type": "string", "pattern": "^[a-zA-Z0-9-]{1,64}$"},
            },
            "required": ["name"],
            "additionalProperties": False,
        }
    },
    "required": ["os-server-clone"],
    "additionalProperties": False,
}
