"""What vCenter says of ESXi hosts."""

import json
from dataclasses import asdict

import pytest
from pyVmomi import vim

from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.host import Host, list_hosts
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.vsphere.conftest import cluster_moref, named


def one(session: Session, name: str) -> Host:
    return next(host for host in list_hosts(session, cluster_moref(session)) if host.name == name)


def test_hosts_of_the_cluster_only(session: Session) -> None:
    hosts = list_hosts(session, cluster_moref(session, "cluster2"))
    assert [host.name for host in hosts] == ["esx21", "esx22", "esx23", "esx24"]
    assert {host.cluster for host in hosts} == {cluster_moref(session, "cluster2")}


def test_capacity_and_use(session: Session) -> None:
    host = one(session, "esx11")
    facts = collect(
        session,
        vim.HostSystem,
        ["summary.hardware.numCpuCores", "summary.hardware.cpuMhz", "summary.hardware.memorySize", "vm"],
    )[host.moref]
    assert host.cpu_cores == facts["summary.hardware.numCpuCores"] > 0
    assert host.cpu_mhz == host.cpu_cores * facts["summary.hardware.cpuMhz"] > 0
    assert host.memory_bytes == facts["summary.hardware.memorySize"] > 1024**3
    assert 0 <= host.memory_used_bytes <= host.memory_bytes
    assert 0 <= host.cpu_used_mhz <= host.cpu_mhz
    assert host.vm_count == len(facts["vm"]) > 0


def test_state(session: Session) -> None:
    host = one(session, "esx11")
    assert (host.connection_state, host.power_state) == ("connected", "poweredOn")
    assert (host.maintenance, host.quarantine) == (False, False)
    assert host.version


def test_maintenance_mode(session: Session) -> None:
    esx = named(session, vim.HostSystem, "esx14")
    wait_for_task(session, session.call(esx.EnterMaintenanceMode_Task, 0), timeout=30)
    assert one(session, "esx14").maintenance
    wait_for_task(session, session.call(esx.ExitMaintenanceMode_Task, 0), timeout=30)
    assert not one(session, "esx14").maintenance


def test_a_disconnected_host_is_still_listed(session: Session) -> None:
    esx = named(session, vim.HostSystem, "esx13")
    wait_for_task(session, session.call(esx.DisconnectHost_Task), timeout=30)
    try:
        assert one(session, "esx13").connection_state == "disconnected"
    finally:
        wait_for_task(session, session.call(esx.ReconnectHost_Task), timeout=30)


def test_datastores_that_it_mounts(session: Session) -> None:
    names = {key: props["name"] for key, props in collect(session, vim.Datastore, ["name"]).items()}
    mounted = {names[key] for key in one(session, "esx12").datastores}
    assert mounted == {"shared1", "shared2", "cluster1-ssd", "esx12-local"}


def test_unknown_cluster(session: Session) -> None:
    with pytest.raises(NotFound, match="domain-c999"):
        list_hosts(session, "domain-c999")


def test_fits_in_json(session: Session) -> None:
    hosts = [asdict(host) for host in list_hosts(session, cluster_moref(session))]
    assert json.loads(json.dumps(hosts))[0]["name"] == "esx11"
