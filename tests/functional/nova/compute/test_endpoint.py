"""Questions to a nova-compute over RPC: the real client, Nova's message bus, the real endpoint."""

import time
from typing import Any

import pytest
from nova import context, objects

from polyvisor.nova import errors, rpc
from tests.functional.nova.compute.cloud import CloudTest

LARGE = 2**50
NOWHERE = "00000000-0000-4000-8000-00000000dead"


class EndpointTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.rpc = rpc.PolyvisorAPI()
        with context.target_cell(context.get_admin_context(), self.cell_mappings["cell1"]) as cell:
            self.context = cell

    def test_answers(self) -> None:
        hosts = self.rpc.list_hosts(self.context, "compute1")
        stores = self.rpc.list_datastores(self.context, "compute2")

        assert hosts["cluster"]["name"] == "cluster1"
        assert [host["name"] for host in hosts["hosts"]] == ["esx11", "esx12", "esx13", "esx14"]
        assert stores["vcenter"]["uuid"] == hosts["vcenter"]["uuid"]
        assert {"shared1", "cluster2-ssd"} < {store["name"] for store in stores["datastores"]}

    def test_checks_a_place(self) -> None:
        yes, no = self._check("esx11", "shared1", 1), self._check("esx11", "shared1", LARGE)

        assert (yes["ok"], yes["host"]["name"], yes["datastore"]["name"]) == (True, "esx11", "shared1")
        assert (no["ok"], no["code"], no["datastore"]["name"]) == (False, "datastore_too_small", "shared1")
        assert self._check("esx21", None, 1)["rank"] < no["rank"]

    def test_a_place_named_by_its_id_is_in_its_own_vcenter_alone(self) -> None:
        uuid = self.rpc.list_hosts(self.context, "compute1")["vcenter"]["uuid"]
        plain = self._check("esx11", "shared1", 1)
        host, store = plain["host"]["moref"], plain["datastore"]["moref"]

        own = self._check(f"{uuid}:{host}", f"{uuid}:{store}", 1)
        other = self._check(f"{NOWHERE}:{host}", f"{NOWHERE}:{store}", 1)

        assert (own["ok"], own["host"]["name"], own["datastore"]["name"]) == (True, "esx11", "shared1")
        assert (other["ok"], other["code"]) == (False, "host_not_found")

    def test_says_where_a_server_is(self) -> None:
        server = self.create(metadata=self.wish(host="esx14", datastore="cluster1-ssd"))
        instance = objects.Instance.get_by_uuid(self.context, server["id"])

        placement = self.rpc.get_placement(self.context, instance)["placement"]

        assert placement["host"]["name"] == "esx14"
        assert {disk["datastore"]["name"] for disk in placement["disks"]} == {"cluster1-ssd"}

    def test_a_server_without_a_vm(self) -> None:
        instance = objects.Instance(self.context, uuid=NOWHERE, host="compute1")

        with pytest.raises(errors.VirtualMachineNotFound, match=instance.uuid):
            self.rpc.get_placement(self.context, instance)

    def test_a_dead_vcenter_is_said_to_be_dead(self) -> None:
        self.rpc.list_hosts(self.context, "compute1")
        self.vcenter.stop()

        with pytest.raises(errors.VCenterUnavailable, match=r"127\.0\.0\.1"):
            self.rpc.list_hosts(self.context, "compute1")

    def test_a_hung_vcenter_does_not_hold_up_the_answer(self) -> None:
        self.flags(rpc_timeout=8, group="polyvisor")
        self.rpc.list_hosts(self.context, "compute1")
        self.break_method(method="RetrievePropertiesEx", action="hang")
        began = time.monotonic()

        answers = rpc.fan_out([(self.context, "compute1"), (self.context, "nobody")], self.rpc.list_hosts)

        assert time.monotonic() - began < 9
        assert isinstance(answers["compute1"], errors.VCenterUnavailable)
        assert isinstance(answers["nobody"], errors.ComputeUnavailable)

    def _check(self, host: str | None, datastore: str | None, disk_bytes: int) -> dict[str, Any]:
        return self.rpc.check_placement(self.context, "compute1", host, datastore, disk_bytes)
