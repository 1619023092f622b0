"""Query parameters of GET /servers/{server_id}/os-vmware-placement: none."""

SHOW = {"type": "object", "properties": {}, "additionalProperties": False}
