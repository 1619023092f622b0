"""The resources, as Neutron's API framework takes them; see docs/reference/port-group.md."""

from typing import Any

from neutron_lib.api import converters
from neutron_lib.db import constants as db_const

ALIAS = "vmware-port-group"
NAME = "VMware port groups"
DESCRIPTION = "Port groups of networks on vSphere switches, those named for networks, and the switches"
UPDATED_TIMESTAMP = "2026-11-22T00:00:00-00:00"
PLUGIN_TYPE = "VMWARE_PORT_GROUP"
IS_SHIM_EXTENSION = False
IS_STANDARD_ATTR_EXTENSION = False
REQUIRED_EXTENSIONS: list[str] = ["provider"]
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_MAP: dict[str, Any] = {}
ACTION_STATUS: dict[str, Any] = {}
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, Any] = {}

PORT_GROUPS = "vmware_port_groups"
MAPPINGS = "vmware_port_group_mappings"
PHYSNETS = "vmware_physnet_mappings"


def _shown(**options: Any) -> dict[str, Any]:
    return {"allow_post": False, "allow_put": False, "is_visible": True, **options}


def _filter(**options: Any) -> dict[str, Any]:
    return _shown(is_filter=True, is_sort_key=True, **options)


def _asked(validate: dict[str, Any]) -> dict[str, Any]:
    return _filter() | {"allow_post": True, "validate": validate}


RESOURCE_ATTRIBUTE_MAP: dict[str, dict[str, Any]] = {
    PORT_GROUPS: {
        "id": _filter(primary_key=True),
        "network_id": _filter(),
        "vcenter": _filter(),
        "switch_type": _filter(),
        "scope": _filter(),
        "switch": _filter(),
        "name": _filter(),
        "vlan_id": _filter(convert_to=converters.convert_to_int),
        "owned": _filter(convert_to=converters.convert_to_boolean),
        "state": _filter(),
        "unused_since": _shown(),
        "last_error": _shown(),
    },
    MAPPINGS: {
        "id": _filter(primary_key=True),
        "network_id": _asked({"type:uuid": None}),
        "compute_host": _asked({"type:not_empty_string": db_const.NAME_FIELD_SIZE}),
        "port_group": _asked({"type:not_empty_string": db_const.NAME_FIELD_SIZE}),
    },
    PHYSNETS: {
        "id": _filter(primary_key=True),
        "compute_host": _filter(),
        "physical_network": _filter(),
        "vcenter": _filter(),
        "datacenter": _filter(),
        "cluster": _filter(),
        "switch": _filter(),
        "switch_type": _filter(),
    },
}
