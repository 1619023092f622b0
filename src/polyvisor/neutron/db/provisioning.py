"""What a port waits for before Neutron shows it as ACTIVE."""

from typing import Any

from neutron.db import models_v2, provisioning_blocks
from neutron.db.models.provisioning_block import ProvisioningBlock
from neutron_lib.db import api as db_api


@db_api.retry_db_errors
def waits_for_others(context: Any, port_id: str) -> bool:
    """Whether it waits for more than its layer 2: the DHCP agent."""
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(ProvisioningBlock.entity).join(
            models_v2.Port, models_v2.Port.standard_attr_id == ProvisioningBlock.standard_attr_id
        )
        others = query.filter(
            models_v2.Port.id == port_id, ProvisioningBlock.entity != provisioning_blocks.L2_AGENT_ENTITY
        )
        return others.first() is not None
