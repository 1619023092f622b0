"""A server is built where its owner says, and nothing is left of one that is not."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import STOCK_PASTE, CloudTest


class SpawnTest(CloudTest):
    def test_on_host_and_datastore(self) -> None:
        server = self.create(metadata=self.wish(host="esx13", datastore="shared2"), config_drive=True)

        vm = self.vm_of(server)
        assert server["OS-EXT-SRV-ATTR:host"] == "compute1"
        assert (vm["host"], vm["power"]) == ("esx13", "poweredOn")
        uuid = server["id"]
        wanted = [f"{uuid}.vmdk", "configdrive.iso", "ephemeral_0.vmdk", "swap.vmdk"]
        assert sorted(f"[shared2] {uuid}/{name}" for name in wanted) == vm["files"]

        self._delete_server(server)
        assert self.before == self.everything()

    def test_on_a_host_only(self) -> None:
        server = self.create(metadata=self.wish(host="esx22"))

        assert server["OS-EXT-SRV-ATTR:host"] == "compute2"
        assert self.vm_of(server)["host"] == "esx22"

    def test_on_a_datastore_that_one_host_sees(self) -> None:
        server = self.create(metadata={"VMware:Datastore": "esx24-local"})

        vm = self.vm_of(server)
        assert vm["host"] == "esx24"
        assert all(file.startswith("[esx24-local] ") for file in vm["files"]), vm["files"]

    def test_two_at_once_on_one_datastore(self) -> None:
        """Two computes fill the same image cache at the same time."""
        places = [self.wish(host=host, datastore="shared1") for host in ("esx11", "esx21")]
        with ThreadPoolExecutor() as pool:
            servers = list(pool.map(lambda place: self.create(metadata=place), places))

        assert [self.vm_of(server)["host"] for server in servers] == ["esx11", "esx21"]


class UncheckedSpawnTest(CloudTest):
    """The API has let a wish through that does not hold, or no more."""

    def paste(self) -> str:
        return STOCK_PASTE

    def test_in_a_cluster_that_does_not_have_both(self) -> None:
        server = self.create("ERROR", metadata=self.wish(host="esx11", datastore="cluster2-ssd"))

        assert "No valid host" in server["fault"]["message"]
        assert self.before == self.everything()

    def test_place_gone_between_check_and_build(self) -> None:
        self.flags(enabled_filters=["ComputeFilter"], group="filter_scheduler")
        self.scheduler_service.stop()
        self.start_service("scheduler")
        esx = self.host("esx12")
        wait_for_task(self.session, self.session.call(esx.EnterMaintenanceMode_Task, 0), timeout=20)

        server = self.create("ERROR", metadata=self.wish(host="esx12"), host="compute1")

        assert "esx12" in server["fault"]["message"]
        assert "maintenance" in server["fault"]["message"]
        assert self.before == self.everything()


class FailedSpawnTest(CloudTest):
    """Whatever step vCenter refuses."""

    def _assert_nothing_left(self, **rule: Any) -> None:
        self.break_method(**rule)
        server = self.create(
            "ERROR", metadata=self.wish(host="esx11", datastore="shared1"), config_drive=True
        )
        self.mend()
        left = self.everything()
        self._delete_server(server)
        assert self.before == left
        assert "retries" not in server["fault"]["message"]

    def test_create(self) -> None:
        self._assert_nothing_left(method="CreateVM_Task", fault="InvalidState")

    def test_import(self) -> None:
        self._assert_nothing_left(method="ImportVApp", fault="InvalidState")

    def test_copy(self) -> None:
        self._assert_nothing_left(method="CopyVirtualDisk_Task", fault="NoDiskSpace")

    def test_extend(self) -> None:
        self._assert_nothing_left(method="ExtendVirtualDisk_Task", fault="NoDiskSpace")

    def test_reconfigure(self) -> None:
        self._assert_nothing_left(method="ReconfigVM_Task", fault="InvalidDeviceSpec", skip=3)

    def test_power_on(self) -> None:
        self._assert_nothing_left(method="PowerOnVM_Task", fault="InsufficientResourcesFault")
