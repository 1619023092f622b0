"""Gives VMs NICs for Neutron ports with Nova's own code, as a compute driver would: ours, or the stock one.

A program of its own, because Nova and Neutron register the same options differently in one process. Reads
JSON from standard input: `vcenter` (host, port, username, password, ca_file), `stock` (which driver), and
`nics`: `vm` and `cluster` (morefs) and `port` of each.
"""

import json
import sys
from typing import Any

from nova import conf as nova_conf
from nova.network import model
from nova.virt.vmwareapi import session as vmware_session
from nova.virt.vmwareapi import vif as stock_vif
from nova.virt.vmwareapi import vm_util
from oslo_vmware import vim_util

from polyvisor.nova.compute import vif as our_vif


def main() -> None:
    asked = json.load(sys.stdin)
    nova_conf.CONF([], project="nova", default_config_files=[])
    vcenter = asked["vcenter"]
    session = vmware_session.VMwareAPISession(
        host_ip=vcenter["host"],
        host_port=vcenter["port"],
        username=vcenter["username"],
        password=vcenter["password"],
        cacert=vcenter["ca_file"],
        insecure=False,
        retry_count=1,
        pool_size=2,
    )
    for nic in asked["nics"]:
        add_nic(session, stock_vif if asked["stock"] else our_vif, nic)


def add_nic(session: Any, vifs: Any, nic: dict[str, Any]) -> None:
    port = nic["port"]
    vif = model.VIF(
        id=port["id"],
        address=port["mac_address"],
        type=port["binding:vif_type"],
        details=port["binding:vif_details"],
        network=model.Network(id=port["network_id"], bridge=port["network_id"]),
    )
    cluster = vim_util.get_moref(nic["cluster"], "ClusterComputeResource")
    info = vifs.get_vif_dict(session, cluster, "vmxnet3", vif)
    spec = vm_util.get_network_attach_config_spec(session.vim.client.factory, info, 0)
    vm_util.reconfigure_vm(session, vim_util.get_moref(nic["vm"], "VirtualMachine"), spec)


if __name__ == "__main__":
    main()
