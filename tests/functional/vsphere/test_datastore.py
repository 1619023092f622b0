"""What vCenter says of datastores."""

import json
from dataclasses import asdict

import pytest
from pyVmomi import vim

from polyvisor.vsphere.datastore import Datastore, list_datastores
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.vsphere.conftest import cluster_moref, named


def one(session: Session, name: str) -> Datastore:
    found = list_datastores(session, cluster_moref(session))
    return next(datastore for datastore in found if datastore.name == name)


def hosts_of(session: Session, datastore: Datastore) -> set[str]:
    names = {key: props["name"] for key, props in collect(session, vim.HostSystem, ["name"]).items()}
    return {names[mount.host] for mount in datastore.hosts}


def test_datastores_of_the_cluster_only(session: Session) -> None:
    found = list_datastores(session, cluster_moref(session, "cluster2"))
    assert [datastore.name for datastore in found] == [
        *("cluster2-ssd", "esx21-local", "esx22-local", "esx23-local", "esx24-local", "shared1", "shared2"),
    ]


def test_which_hosts_see_it(session: Session) -> None:
    assert hosts_of(session, one(session, "esx11-local")) == {"esx11"}
    assert hosts_of(session, one(session, "cluster1-ssd")) == {"esx11", "esx12", "esx13", "esx14"}
    assert len(hosts_of(session, one(session, "shared1"))) == 8
    assert all(mount.writable for mount in one(session, "shared1").hosts)


def test_multiple_host_access(session: Session) -> None:
    assert one(session, "shared1").multiple_host_access
    assert not one(session, "esx11-local").multiple_host_access


def test_capacity_and_use(session: Session) -> None:
    datastore = one(session, "shared1")
    facts = collect(
        session,
        vim.Datastore,
        ["summary.capacity", "summary.freeSpace", "summary.uncommitted", "summary.url", "vm"],
    )[datastore.moref]
    assert datastore.capacity_bytes == facts["summary.capacity"] > 1024**3
    assert datastore.free_bytes == facts["summary.freeSpace"] > 0
    used = datastore.capacity_bytes - datastore.free_bytes
    assert datastore.provisioned_bytes == used + facts.get("summary.uncommitted", 0)
    assert datastore.vm_count == len(facts["vm"])
    assert datastore.url == facts["summary.url"]
    assert datastore.type == "VMFS"
    assert datastore.accessible


def test_maintenance_mode(session: Session) -> None:
    store = named(session, vim.Datastore, "esx12-local")
    result = session.call(store.DatastoreEnterMaintenanceMode)
    if result.task:
        wait_for_task(session, result.task, timeout=30)
    assert one(session, "esx12-local").maintenance == "in"
    wait_for_task(session, session.call(store.DatastoreExitMaintenanceMode_Task), timeout=30)
    assert one(session, "esx12-local").maintenance == "normal"


def test_unknown_cluster(session: Session) -> None:
    with pytest.raises(NotFound, match="domain-c999"):
        list_datastores(session, "domain-c999")


def test_fits_in_json(session: Session) -> None:
    found = [asdict(datastore) for datastore in list_datastores(session, cluster_moref(session))]
    assert json.loads(json.dumps(found))[0]["name"] == "cluster1-ssd"
