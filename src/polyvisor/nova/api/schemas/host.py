"""Query parameters of GET /os-vmware-hosts."""

from polyvisor.nova.api.schemas import base

INDEX = base.query(zone=base.NAME, cluster=base.NAME, host=base.NAME, datastore=base.NAME)
