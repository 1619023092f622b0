"""The API extension `vmware-port-group`."""

from typing import Any

from neutron.api.v2 import resource_helper
from neutron_lib.api import extensions

from polyvisor.neutron.api import definition


class Vmware_port_group(extensions.APIExtensionDescriptor):  # noqa: N801 - Neutron looks for that name
    """Serves the resources of the definition from the service plugin."""

    api_definition = definition

    @classmethod
    def get_resources(cls) -> list[Any]:
        """The collections, with dashes in their paths."""
        names = resource_helper.build_plural_mappings({}, definition.RESOURCE_ATTRIBUTE_MAP)
        return resource_helper.build_resource_info(
            names, definition.RESOURCE_ATTRIBUTE_MAP, definition.PLUGIN_TYPE, translate_name=True
        )
