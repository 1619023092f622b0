"""A server moves: REST, our filter, database, RPC, the operation in nova-compute, the simulated vCenter."""

import pytest

from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import ApiError, wait_until
from tests.functional.nova.compute.moving import ACTION, SLOW, MovingTest


class RelocationTest(MovingTest):
    def test_moves_while_it_runs_or_not(self) -> None:
        hosts = self.candidates()["hosts"]
        [esx13] = [host["id"] for host in hosts if host["name"] == "esx13"]
        assert self.relocate(host=esx13) == "host esx12 to esx13"
        self.relocate(datastore="cluster1-ssd", priority="high")
        vm = self.vm_of(self.server)
        assert (vm["host"], vm["power"]) == ("esx13", "poweredOn")
        assert all(file.startswith("[cluster1-ssd] ") for file in vm["files"]), vm["files"]

        self.api.post_server_action(self.server["id"], {"os-stop": {}})
        self.wait_for(self.server, "SHUTOFF")
        assert self.relocate("SHUTOFF", host="esx14", datastore="shared1").startswith("host esx13 to esx14; ")
        assert self.relocate("SHUTOFF", host="auto").startswith("host esx14 to one that vCenter chooses: ")
        assert all(file.startswith("[shared1] ") for file in self.vm_of(self.server)["files"])
        # The wish is its owner's, and nothing is dragged back by it.
        assert self.admin_api.get_server(self.server["id"])["metadata"]["vmware:host"] == "esx12"

    def test_refuses_before_anything_is_changed(self) -> None:
        self.refused(400, "cluster1, cluster2: ESXi host 'esx99'", host="esx99")
        self.refused(400, "nowhere", datastore="nowhere")
        self.refused(400, "cluster2: datastore 'cluster1-ssd'", host="esx21", datastore="cluster1-ssd")
        self.refused(400, "Hard disk 9", disks={"Hard disk 9": "shared1"})
        self.refused(400, "not connected to each other", host="esx13", datastore="esx11-local")
        self.refused(409, "there already", host="esx12")
        for nowhere in ({}, {"priority": "high"}, {"check": False}):
            self.refused(400, "Name a host, a datastore or disks", **nowhere)
        with pytest.raises(ApiError, match="nothing to abort"):
            self.admin_api.post_server_action(self.server["id"], {f"{ACTION}-abort": {}})
        self.assert_dry_run()
        assert [name for name, _events in self.actions(self.server)] == ["create"]
        assert self.vm_of(self.server)["host"] == "esx12"

    def test_refuses_places_that_are_not_in_order_and_servers_in_other_states(self) -> None:
        enter = self.datastore("cluster1-ssd").DatastoreEnterMaintenanceMode
        for task in (
            self.session.call(self.host("esx13").EnterMaintenanceMode_Task, 0),
            self.session.call(self.host("esx14").DisconnectHost_Task),
            self.session.call(enter).task,
        ):
            wait_for_task(self.session, task, timeout=20)
        self.refused(400, "maintenance", host="esx13")
        self.refused(400, "disconnected", host="esx14")
        self.refused(400, "maintenance", datastore="cluster1-ssd")

        self.admin_api.post_server_action(self.server["id"], {"rescue": {}})
        self.wait_for(self.server, "RESCUE")
        self.refused(409, "vm_state rescued", host="esx11")

    def assert_dry_run(self) -> None:
        found = self.candidates()
        hosts = {host["name"]: host for host in found["hosts"]}
        assert hosts["esx13"]["ok"]
        assert "there already" in hosts["esx12"]["reasons"][0]
        assert hosts["esx21"]["cluster"]["name"] == "cluster2"
        stores = {
            store["name"]: store["ok"]
            for store in found["datastores"]
            if store["cluster"]["name"] == "cluster1"
        }
        assert stores["cluster1-ssd"]
        assert not stores["esx11-local"]

    def test_keeps_others_out_and_survives_failures(self) -> None:
        before = self.vm_of(self.server)
        self.break_method(**SLOW, delay="120s")
        self.post(datastore="cluster1-ssd")
        wait_until(lambda: self.api.get_server(self.server["id"])["progress"] > 0, seconds=180)
        assert self.task_state() == "vmware_relocating"
        self.refused(409, "task_state vmware_relocating", host="esx13")
        with pytest.raises(ApiError, match="task_state vmware_relocating"):
            self.api.post_server_action(self.server["id"], {"os-stop": {}})
        self.admin_api.post_server_action(self.server["id"], {f"{ACTION}-abort": {}})
        self.settle()
        assert "cancel" in self.told(ACTION)[0].lower()
        assert self.vm_of(self.server) == before

        self.break_method(**SLOW, fault="NoDiskSpace")
        self.relocate(datastore="cluster1-ssd")
        assert self.told(ACTION)[1] == "Error"
        for api in (self.admin_api, self.api):
            assert "Insufficient disk space" in api.get_instance_actions(self.server["id"])[0]["message"]
        assert self.vm_of(self.server) == before

        for host, rule in (
            ("esx13", {"method": "RelocateVM_Task", "fault": "TaskInProgress", "at": "call", "count": 2}),
            ("esx11", {"method": "RelocateVM_Task", "fault": "ConcurrentAccess", "at": "call", "count": 2}),
            ("esx13", {"method": "RelocateVM_Task", "fault": "ConcurrentAccess", "count": 2}),
            # The call does its work, but the way to its end breaks off.
            ("esx14", {"method": "WaitForUpdatesEx", "action": "drop", "count": 3}),
        ):
            self.break_method(**rule)
            assert self.relocate(host=host).endswith(f" to {host}")
            assert self.has_broken(), rule
            assert self.vm_of(self.server)["host"] == host
