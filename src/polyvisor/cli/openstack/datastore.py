"""openstack vmware datastore list."""

from polyvisor.cli.openstack.columns import BytesColumn, names
from polyvisor.cli.openstack.listing import Column, ListCommand


class ListDatastore(ListCommand):
    """List the datastores of the VMware clusters."""

    path = "/os-vmware-datastores"
    collection = "datastores"
    columns = (
        Column("Name", lambda datastore: datastore["name"]),
        Column("Type", lambda datastore: datastore["type"]),
        Column("Clusters", lambda datastore: names(datastore["clusters"])),
        Column("Accessible", lambda datastore: datastore["accessible"]),
        Column("Maintenance", lambda datastore: datastore["maintenance"]),
        Column("Capacity", lambda datastore: BytesColumn(datastore["capacity_bytes"])),
        Column("Free", lambda datastore: BytesColumn(datastore["free_bytes"])),
        Column("VMs", lambda datastore: datastore["vm_count"]),
    )
    long_columns = (
        Column("ID", lambda datastore: datastore["id"]),
        Column("Provisioned", lambda datastore: BytesColumn(datastore["provisioned_bytes"])),
        Column("Hosts", lambda datastore: names(datastore["hosts"])),
        Column("URL", lambda datastore: datastore["url"]),
        Column("vCenter", lambda datastore: datastore["vcenter"]["name"]),
    )
