"""The queries, by REST and by python-openstackclient: what vCenter says, to whom policy lets see it."""

import json
from typing import Any


def test_hosts_are_listed_per_cluster_and_filtered(lab: Any) -> None:
    everything = lab.openstack_json("vmware", "host", "list", as_cloud="admin")
    assert {row["Name"] for row in everything} == {f"esx{c}{h}" for c in (1, 2) for h in (1, 2, 3, 4)}
    seeing = lab.openstack_json("vmware", "host", "list", "--datastore", "cluster2-ssd", as_cloud="system")
    assert {row["Cluster"] for row in seeing} == {"cluster2"}


def test_numbers_are_those_of_vcenter(lab: Any) -> None:
    rows = lab.openstack_json("vmware", "datastore", "list", as_cloud="admin")
    for row in rows:
        summary = json.loads(lab.govc("datastore.info", "-json", row["Name"]))["datastores"][0]["summary"]
        assert row["Capacity"] == summary["capacity"]
    shared = [row for row in rows if row["Name"] == "shared1"]
    assert len(shared) == 1, "what two clusters share is one datastore"


def test_a_tenant_sees_neither_hosts_nor_datastores_nor_placement(lab: Any, servers: list[Any]) -> None:
    servers.append(lab.build(host="esx11"))
    for command in (
        ("vmware", "host", "list"),
        ("vmware", "datastore", "list"),
        ("server", "vmware", "placement", "show", servers[0].id),
    ):
        refused = lab.openstack(*command)
        assert refused.returncode != 0
        assert "403" in refused.stderr, refused.stderr
        assert "esx" not in refused.stdout + refused.stderr


def test_placement_says_where_the_server_is_and_whether_as_asked(lab: Any, servers: list[Any]) -> None:
    servers.append(lab.build(host="esx21", datastore="shared2"))
    shown = lab.openstack_json("server", "vmware", "placement", "show", servers[0].id, as_cloud="admin")
    assert (shown["cluster"], shown["host"], shown["datastore"]) == ("cluster2", "esx21", "shared2")
    assert shown["requested"]["fulfilled"] is True
    lab.govc("vm.migrate", "-host", "/dc1/host/cluster2/esx22", f"/dc1/vm/{path_of(lab, servers[0])}")
    moved = lab.openstack_json("server", "vmware", "placement", "show", servers[0].id, as_cloud="admin")
    assert moved["host"] == "esx22"
    assert moved["requested"]["fulfilled"] is False


def path_of(lab: Any, server: Any) -> str:
    (path,) = lab.govc("find", "/", "-type", "m", "-config.instanceUuid", server.id).splitlines()
    return str(path).removeprefix("/dc1/vm/")


def test_pages_are_linked_and_end(lab: Any) -> None:
    url, names = "/os-vmware-hosts?limit=3", []
    while url:
        page = lab.admin.compute.get(url).json()
        assert len(page["hosts"]) <= 3
        names += [host["name"] for host in page["hosts"]]
        links = page.get("hosts_links", [])
        url = "/os-vmware-hosts?" + links[0]["href"].partition("?")[2] if links else ""
    assert len(names) == len(set(names)) == 8


def test_every_microversion_is_answered_and_unknown_parameters_are_not(lab: Any) -> None:
    for version in ("2.1", "2.60", "2.96"):
        answer = lab.admin.compute.get("/os-vmware-hosts", microversion=version)
        assert answer.status_code == 200
        assert answer.headers["OpenStack-API-Version"] == f"compute {version}"
    assert lab.admin.compute.get("/os-vmware-hosts?hots=esx11").status_code == 400


def test_a_dead_vcenter_answers_503_and_hangs_nothing_else(lab: Any) -> None:
    lab.supervisor.stop("vcenter")
    try:
        assert lab.admin.compute.get("/os-vmware-hosts", timeout=60).status_code == 503
        assert lab.admin.compute.get("/flavors", timeout=10).status_code == 200
    finally:
        lab.supervisor.restart("vcenter")
        lab.until(lambda: lab.admin.compute.get("/os-vmware-hosts").status_code == 200, "vCenter's return")
