"""Service plugin `vmware_port_group`: what the API shows and takes, and nothing of how it is done."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from neutron.api import extensions
from neutron_lib import exceptions
from neutron_lib.db import utils
from neutron_lib.services import base
from oslo_config import cfg

from polyvisor.neutron import conf
from polyvisor.neutron.api import definition
from polyvisor.neutron.api import extensions as our_extensions
from polyvisor.neutron.db import mapping as mapping_table
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.mapping import Mapper

Filters = Mapping[str, Collection[Any]]
Item = dict[str, Any]


class NotFound(exceptions.NotFound):
    """No such resource."""

    message = "There is no %(resource)s %(id)s."


class PortGroupPlugin(base.ServicePluginBase):
    """Shows the tables to administrators, and lets them name port groups.

    Neutron finds the methods by their names, and gives `filters` as it has parsed them from the query. Pages
    and sorting are Neutron's own.
    """

    supported_extension_aliases = (definition.ALIAS,)

    def __init__(self) -> None:
        """Read the options, and tell Neutron of the extension; connect to nothing."""
        super().__init__()
        extensions.append_api_extensions_path(list(our_extensions.__path__))
        self._settings = conf.load(cfg.CONF, cfg.CONF.ml2.mechanism_drivers)
        self._mapper = Mapper(self._settings)

    @classmethod
    def get_plugin_type(cls) -> str:
        """Under which the extension finds the plugin."""
        return definition.PLUGIN_TYPE

    def get_plugin_description(self) -> str:
        """For lists of plugins."""
        return definition.DESCRIPTION

    def get_vmware_port_groups(
        self, context: Any, filters: Filters | None = None, fields: Any = None, **_: Any
    ) -> list[Item]:
        """List port groups."""
        return _chosen([_port_group(row) for row in table.list_every(context)], filters, fields)

    def get_vmware_port_group(self, context: Any, id: str, fields: Any = None) -> Item:  # noqa: A002 - Neutron's name
        """Show one."""
        return _only(self.get_vmware_port_groups(context, {"id": [id]}, fields), "VMware port group", id)

    def get_vmware_port_group_mappings(
        self, context: Any, filters: Filters | None = None, fields: Any = None, **_: Any
    ) -> list[Item]:
        """List what is named."""
        return _chosen(
            [dataclasses.asdict(item) for item in mapping_table.list_all(context)], filters, fields
        )

    def get_vmware_port_group_mapping(self, context: Any, id: str, fields: Any = None) -> Item:  # noqa: A002 - Neutron's name
        """Show one."""
        found = self.get_vmware_port_group_mappings(context, {"id": [id]}, fields)
        return _only(found, "VMware port group mapping", id)

    def create_vmware_port_group_mapping(
        self, context: Any, vmware_port_group_mapping: Mapping[str, Item]
    ) -> Item:
        """Name a port group."""
        asked = vmware_port_group_mapping["vmware_port_group_mapping"]
        made = self._mapper.create(
            context,
            network_id=asked["network_id"],
            compute_host=asked["compute_host"],
            port_group=asked["port_group"],
        )
        return dataclasses.asdict(made)

    def delete_vmware_port_group_mapping(self, context: Any, id: str) -> None:  # noqa: A002 - Neutron's name
        """No longer name it."""
        found = self.get_vmware_port_group_mapping(context, id)
        self._mapper.delete(context, mapping_table.Mapped(**found))

    def get_vmware_physnet_mappings(
        self,
        context: Any,  # noqa: ARG002 - Neutron passes it
        filters: Filters | None = None,
        fields: Any = None,
        **_: Any,
    ) -> list[Item]:
        """List by which switch each compute service reaches each physical network."""
        return _chosen(
            [item for each in self._settings.computes.values() for item in _physnets(each)], filters, fields
        )

    def get_vmware_physnet_mapping(self, context: Any, id: str, fields: Any = None) -> Item:  # noqa: A002 - Neutron's name
        """Show one."""
        found = self.get_vmware_physnet_mappings(context, {"id": [id]}, fields)
        return _only(found, "VMware mapping of a physical network", id)


def _port_group(row: table.Row) -> Item:
    names = definition.RESOURCE_ATTRIBUTE_MAP[definition.PORT_GROUPS]
    values = dataclasses.asdict(row) | dataclasses.asdict(row.site) | {"id": str(row.id)}
    return {name: values[name] for name in names}


def _physnets(compute: conf.Compute) -> Iterator[Item]:
    for physnet, switch in sorted(compute.physnet_mappings.items()):
        yield {
            "id": f"{compute.host}:{physnet}",
            "compute_host": compute.host,
            "physical_network": physnet,
            "vcenter": compute.vcenter,
            "datacenter": compute.datacenter,
            "cluster": compute.cluster,
            "switch": switch,
            "switch_type": compute.switch_type,
        }


def _chosen(items: list[Item], filters: Filters | None, fields: Any) -> list[Item]:
    wanted = (filters or {}).items()
    return [
        utils.resource_fields(item, fields)
        for item in items
        if all(item[name] in values for name, values in wanted)
    ]


def _only(found: list[Item], resource: str, id: str) -> Item:  # noqa: A002 - as in the API
    if not found:
        raise NotFound(resource=resource, id=id)
    return found[0]
