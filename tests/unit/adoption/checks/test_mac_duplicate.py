from polyvisor.adoption.cloud import CloudPort
from tests.unit.adoption.builders import cloud, examine, subjects_of, vm


def test_two_vms() -> None:
    found = examine("mac-duplicate", vm(1), vm(2, nics=vm(1).nics), vm(3))
    assert subjects_of(found) == ["vm-1", "vm-2"]
    assert "app-2" in found[0][1].says


def test_a_port_of_neutron() -> None:
    taken = CloudPort("port-1", vm(1).nics[0].mac, "network-1", ())
    found = examine("mac-duplicate", vm(1), vm(2), of=cloud(ports=(taken,)))
    assert subjects_of(found) == ["vm-1"]
    assert "port-1" in found[0][1].says
