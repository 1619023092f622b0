"""One file for each noun: how a cloud is asked for it, and what is kept of the answer."""

from polyvisor.op.inventory.readers import (
    compute_service,
    datastore,
    esxi_host,
    flavor,
    image,
    network,
    port,
    project,
    server,
    volume,
)
from polyvisor.op.inventory.readers.base import Reader

READERS: dict[str, Reader] = {
    module.READER.name: module.READER
    for module in (
        server,
        compute_service,
        esxi_host,
        datastore,
        project,
        flavor,
        image,
        network,
        port,
        volume,
    )
}
