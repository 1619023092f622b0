from polyvisor.adoption.cloud import Compute
from tests.unit.adoption.builders import VCENTER, cloud, examine, subjects_of, vm


def test_all_vms_of_the_cluster_when_they_do_not_fit_together() -> None:
    node = f"domain-c1.{VCENTER}"
    tight = cloud(computes={node: Compute("compute1", node, vcpus=3, memory_mb=8192)})
    found = examine("placement-room", vm(1), vm(2), of=tight)
    assert subjects_of(found) == ["vm-1", "vm-2"]
    assert "4 vCPUs of 3 left" in found[0][1].says
    assert examine("placement-room", vm(1), of=tight) == []
