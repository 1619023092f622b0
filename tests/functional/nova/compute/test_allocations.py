"""The next server does not cost more because there are others."""

from typing import Any
from unittest import mock

from nova.scheduler.client.report import SchedulerReportClient
from nova.virt.vmwareapi import vm_util

from tests.functional.nova.compute.cloud import CloudTest

READ = "get_allocs_for_consumer"
STATISTICS = "get_stats_from_cluster"


class CapacityTest(CloudTest):
    def test_a_build_reads_no_capacity_of_the_cluster(self) -> None:
        with mock.patch.object(vm_util, STATISTICS, wraps=getattr(vm_util, STATISTICS)) as read:
            self.create()
            assert read.call_count == 0
            self._run_periodics()
            assert read.call_count > 0


class AllocationsTest(CloudTest):
    def test_a_build_asks_placement_for_no_other_server(self) -> None:
        same_cluster = self.wish(host="esx11")
        first = self.create(metadata=same_cluster)
        read, asked = getattr(SchedulerReportClient, READ), []

        def spy(client: Any, context: Any, consumer: str) -> Any:
            asked.append(consumer)
            return read(client, context, consumer)

        with mock.patch.object(SchedulerReportClient, READ, spy):
            second = self.create(metadata=same_cluster)
        assert second["id"] in asked
        assert first["id"] not in asked
