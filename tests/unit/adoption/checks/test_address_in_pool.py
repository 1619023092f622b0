from polyvisor.adoption.cloud import CloudNetwork, CloudSubnet
from tests.unit.adoption.builders import PROJECT, cloud, examine, subjects_of, vm

NETWORK = CloudNetwork(
    "44444444-4444-4444-4444-444444444444", "office", PROJECT, False, "vlan", "physnet1", 30
)


def test_in_a_pool_and_beside_it() -> None:
    pool = (("10.0.30.2", "10.0.30.9"),)
    subnet = CloudSubnet("66666666-6666-6666-6666-666666666666", NETWORK.id, "10.0.30.0/24", None, pool)
    openstack = cloud(networks=(NETWORK,), subnets=(subnet,))
    assert subjects_of(examine("address-in-pool", vm(1), vm(2), of=openstack)) == ["vm-2"]
