"""A server moves to another cluster by Nova's own live migration, whatever fails on the way."""

from operator import attrgetter
from pathlib import Path
from typing import Any
from unittest.mock import patch

from nova.compute.manager import ComputeManager
from nova.compute.rpcapi import ComputeAPI
from nova.objects.instance import Instance
from oslo_messaging import MessagingTimeout

from polyvisor.nova.compute.journal import OPERATIONS
from tests.functional.nova.compute.cloud import CONF, uuid_of, wait_until
from tests.functional.nova.compute.moving import ACTION, SLOW, MovingTest


class CrossingTest(MovingTest):
    def booked(self) -> dict[str, Any]:
        allocations = self._get_allocations_by_server_uuid(self.server["id"])
        return {node: allocation["resources"] for node, allocation in allocations.items()}

    def assert_booked(self) -> None:
        """Placement has the server where it is, and only there."""
        node = self.admin_api.get_server(self.server["id"])["OS-EXT-SRV-ATTR:hypervisor_hostname"]
        wait_until(lambda: list(self.booked()) == [uuid_of(node)], seconds=180)


class LiveMigrationTest(CrossingTest):
    """To another cluster: Nova's own live migration, with the destination carried along."""

    def test_to_a_named_host_and_back_by_stock_live_migration(self) -> None:
        self.post(host="esx23", datastore="cluster2-ssd")
        server = self.settle()

        assert server["OS-EXT-SRV-ATTR:host"] == "compute2"
        vm = self.vm_of(self.server)
        assert (vm["host"], vm["power"]) == ("esx23", "poweredOn")
        assert all(file.startswith("[cluster2-ssd] ") for file in vm["files"]), vm["files"]
        self.assert_booked()
        details, result = self.told("live-migration")
        assert result == "Success"
        assert details.startswith("to compute service compute2: host esx12 to esx23; ")

        body = {"os-migrateLive": {"host": "compute1", "block_migration": "auto"}}
        self.admin_api.post_server_action(self.server["id"], body)
        assert self.settle()["OS-EXT-SRV-ATTR:host"] == "compute1"
        self.assert_booked()
        assert self.vm_of(self.server)["host"] in {"esx11", "esx12", "esx13", "esx14"}

    def test_a_server_that_is_off_stays_in_its_cluster(self) -> None:
        self.api.post_server_action(self.server["id"], {"os-stop": {}})
        self.wait_for(self.server, "SHUTOFF")
        self.refused(409, "is stopped.*cluster2.*start it first", host="esx23")
        candidates = self.candidates()
        reasons = {
            place["name"]: " ".join(place["reasons"])
            for place in candidates["hosts"] + candidates["datastores"]
            if place["cluster"]["name"] == "cluster2"
        }
        assert all("start it first" in reason for reason in reasons.values()), reasons
        assert {"esx23", "cluster2-ssd"} <= reasons.keys()
        assert [host["name"] for host in candidates["hosts"] if host["ok"]] == ["esx11", "esx13", "esx14"]
        assert self.vm_of(self.server)["host"] == "esx12"

    def test_a_failure_is_taken_back_completely(self) -> None:
        before, booked = self.vm_of(self.server), self.booked()
        self.break_method(**SLOW, fault="MigrationFault", delay="1s")
        self.post(host="esx23")
        self.settle()
        assert self.told("live-migration")[1] == "Error"

        self.break_method(**SLOW, delay="120s")
        self.post(host="esx23")
        wait_until(lambda: self.api.get_server(self.server["id"])["progress"] > 0, seconds=180)
        self.admin_api.post_server_action(self.server["id"], {f"{ACTION}-abort": {}})
        server = self.settle()

        assert (server["OS-EXT-SRV-ATTR:host"], server["status"]) == ("compute1", "ACTIVE")
        assert (self.vm_of(self.server), self.booked()) == (before, booked)
        migrations = self.admin_api.api_get("os-migrations").body["migrations"]
        assert [each["status"] for each in migrations] == ["cancelled", "failed"]


class Killed(BaseException):
    """Ends a thread of Nova where it is, as the end of its process does."""


class InterruptedTest(CrossingTest):
    """nova-compute is killed, or another service is away, between any two steps of a live migration."""

    def setUp(self) -> None:
        super().setUp()
        self.place, self.held = self.vm_of(self.server), self.booked()

    def test_killed_before_the_destination_is_prepared(self) -> None:
        self.kill_in("_do_pre_live_migration_from_source")
        self.assert_taken_back()

    def test_killed_before_the_driver_is_asked(self) -> None:
        self.kill_in("driver.live_migration")
        self.assert_taken_back()

    def test_killed_while_it_is_decided(self) -> None:
        self.kill_in("driver._live_migration._target.move")
        self.assert_taken_back()

    def test_killed_while_it_is_decided_and_the_server_is_deleted(self) -> None:
        self.kill_in("driver._live_migration._target.move", restart=False)
        self._delete_server(self.server)
        self.restart()
        folder = Path(CONF.state_path, OPERATIONS)
        wait_until(lambda: not list(folder.rglob("*.json")), seconds=60)

    def test_the_message_comes_after_a_restart(self) -> None:
        with patch.object(ComputeAPI, "live_migration") as sent:
            self.post(host="esx23")
            wait_until(lambda: sent.called, seconds=60)
        self.restart()

        ComputeAPI().live_migration(*sent.call_args.args, **sent.call_args.kwargs)

        self.assert_taken_back()

    def test_the_message_is_lost(self) -> None:
        with patch.object(ComputeAPI, "live_migration") as sent:
            self.post(host="esx23")
            wait_until(lambda: sent.called, seconds=60)
        self.stub_out("polyvisor.nova.compute.interrupted_migration.PATIENCE", -60.0)
        self.restart()

        self.assert_taken_back()

    def test_killed_while_it_is_taken_back(self) -> None:
        self.break_method(**SLOW, fault="MigrationFault")
        self.kill_in("_rollback_volume_bdms")
        self.mend()
        self.assert_taken_back()

    def test_killed_when_the_destination_has_the_server(self) -> None:
        self.kill_in("_clean_instance_console_tokens")
        self.assert_moved()

    def test_the_destination_does_not_answer(self) -> None:
        self.stub_out("polyvisor.nova.compute.takeover.INTERVAL", 1.0)
        self.restart()
        with self.failing("_do_post_live_migration_at_destination") as failing:
            self.post(host="esx23")
            wait_until(lambda: failing.called, seconds=180)
        self.assert_moved()

    def test_placement_is_away_while_it_is_taken_back(self) -> None:
        self.stub_out("polyvisor.nova.compute.takeover.INTERVAL", 1.0)
        self.restart()
        self.break_method(**SLOW, fault="MigrationFault")
        with self.failing("_revert_allocation") as failing:
            self.post(host="esx23")
            wait_until(lambda: failing.called, seconds=180)
        self.mend()
        self.assert_taken_back()

    def test_the_bus_is_away_while_vcenter_works(self) -> None:
        self.break_method(**SLOW, delay="10s")
        self.post(host="esx23")
        wait_until(lambda: self.api.get_server(self.server["id"])["progress"] > 0, seconds=180)
        with patch.object(Instance, "save", side_effect=MessagingTimeout) as save:
            wait_until(lambda: save.called, seconds=60)
        self.assert_moved()

    def kill_in(self, method: str, *, restart: bool = True) -> None:
        """Migrate, kill the source's nova-compute in a method of its manager, and start it again."""
        path, _, name = f"manager.{method}".rpartition(".")
        owner = attrgetter(path)(self.computes["compute1"])
        with patch.object(owner, name, side_effect=Killed) as killing:
            self.post(host="esx23")
            wait_until(lambda: killing.called, seconds=180)
        if restart:
            self.restart()

    def failing(self, method: str) -> Any:
        return patch.object(ComputeManager, method, side_effect=MessagingTimeout)

    def restart(self) -> None:
        self.flags(cluster_name="cluster1", group="vmware")
        compute = self.restart_compute_service(self.computes["compute1"], keep_hypervisor_state=False)
        self.computes["compute1"] = compute

    def assert_taken_back(self) -> None:
        wait_until(lambda: self.statuses() == ["failed"], seconds=180)
        assert self.settle()["OS-EXT-SRV-ATTR:host"] == "compute1"
        assert (self.vm_of(self.server), self.booked()) == (self.place, self.held)
        assert self.told("live-migration")[1] == "Error"
        # Nothing of it is in the way of the next one.
        self.post(host="esx23")
        assert self.settle()["OS-EXT-SRV-ATTR:host"] == "compute2"

    def assert_moved(self) -> None:
        wait_until(lambda: self.statuses() == ["completed"], seconds=180)
        assert self.settle()["OS-EXT-SRV-ATTR:host"] == "compute2"
        assert self.vm_of(self.server)["host"] == "esx23"
        self.assert_booked()
        assert self.told("live-migration")[1] == "Success"

    def statuses(self) -> list[str]:
        migrations = self.admin_api.api_get("os-migrations").body["migrations"]
        return [migration["status"] for migration in migrations]
