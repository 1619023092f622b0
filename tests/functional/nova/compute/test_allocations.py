"""The next server does not cost more because there are others."""

from unittest import mock

from nova.scheduler.client import report

from tests.functional.nova.compute.cloud import CloudTest


class AllocationsTest(CloudTest):
    def test_a_build_asks_placement_for_no_other_server(self) -> None:
        first = self.create()
        client = report.SchedulerReportClient
        with mock.patch.object(client, "get_allocs_for_consumer", autospec=True) as asked:
            self.create()
        assert first["id"] not in [call.args[2] for call in asked.call_args_list]
