from nova.compute.provider_tree import ProviderTree

from polyvisor.nova.compute.capacity import Reports

NODE = "domain-c1.vcenter"


class Cluster:
    """A provider tree, into which is written what the cluster has."""

    def __init__(self) -> None:
        self.tree = ProviderTree()
        self.tree.new_root(NODE, "00000000-0000-0000-0000-000000000001")
        self.cpus = 8
        self.reports = Reports()

    def report(self) -> int:
        self.reports.report(self.tree, NODE, self.write)
        return int(self.tree.data(NODE).inventory["VCPU"]["total"])

    def write(self) -> None:
        self.tree.update_inventory(NODE, {"VCPU": {"total": self.cpus}})


def test_a_host_that_was_added_is_reported_at_the_next_regular_look() -> None:
    cluster = Cluster()
    assert cluster.report() == 8
    cluster.cpus = 12
    assert cluster.report() == 8
    cluster.reports.look()
    assert cluster.report() == 12


def test_placement_that_has_lost_the_inventory_gets_it_again_at_once() -> None:
    cluster = Cluster()
    cluster.report()
    cluster.tree.update_inventory(NODE, {})
    assert cluster.report() == 8
