"""openstack vmware host list."""

from polyvisor.cli.openstack.columns import BytesColumn, names
from polyvisor.cli.openstack.listing import Column, ListCommand


class ListHost(ListCommand):
    """List the ESXi hosts of the VMware clusters."""

    path = "/os-vmware-hosts"
    collection = "hosts"
    columns = (
        Column("Name", lambda host: host["name"]),
        Column("Cluster", lambda host: host["cluster"]["name"]),
        Column("Zone", lambda host: host["zone"]),
        Column("State", lambda host: host["connection_state"]),
        Column("Maintenance", lambda host: host["maintenance"]),
        Column("Status", lambda host: host["overall_status"]),
        Column("VMs", lambda host: host["vm_count"]),
        Column("Memory", lambda host: BytesColumn(host["memory_bytes"])),
        Column("Memory Used", lambda host: BytesColumn(host["memory_used_bytes"])),
    )
    long_columns = (
        Column("ID", lambda host: host["id"]),
        Column("Power State", lambda host: host["power_state"]),
        Column("Version", lambda host: host["version"]),
        Column("CPU Cores", lambda host: host["cpu_cores"]),
        Column("CPU MHz", lambda host: host["cpu_mhz"]),
        Column("CPU MHz Used", lambda host: host["cpu_used_mhz"]),
        Column("Datastores", lambda host: names(host["datastores"])),
        Column("Compute Service", lambda host: host["service"]["host"]),
        Column("Service State", lambda host: host["service"]["status"]),
        Column("vCenter", lambda host: host["vcenter"]["name"]),
    )
