from polyvisor.adoption.cloud import CloudNetwork, CloudPort
from tests.unit.adoption.builders import PROJECT, cloud, examine, nic, segment, subjects_of, vm

NETWORK = CloudNetwork(
    "44444444-4444-4444-4444-444444444444", "office", PROJECT, False, "vlan", "physnet1", 30
)


def test_two_vms_of_one_network() -> None:
    twin = nic(mac="00:50:56:00:02:00", addresses=("10.0.30.1/24",))
    found = examine("address-duplicate", vm(1), vm(2, nics=(twin,)), vm(3))
    assert subjects_of(found) == ["vm-1", "vm-2"]


def test_one_address_on_two_networks_is_two_addresses() -> None:
    other = segment("VLAN 40", moref="dvportgroup-40", key="dvportgroup-40", vlan=40)
    elsewhere = nic(mac="00:50:56:00:02:00", network="dvportgroup-40", addresses=("10.0.30.1/24",))
    assert examine("address-duplicate", vm(1), vm(2, nics=(elsewhere,)), segments=[segment(), other]) == []


def test_a_port_of_neutron() -> None:
    taken = CloudPort("port-1", "fa:16:3e:00:00:01", NETWORK.id, ("10.0.30.1",))
    found = examine("address-duplicate", vm(1), vm(2), of=cloud(networks=(NETWORK,), ports=(taken,)))
    assert subjects_of(found) == ["vm-1"]
