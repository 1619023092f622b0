from polyvisor.adoption.cloud import CloudServer
from tests.unit.adoption.builders import PROJECT, cloud, examine, subjects_of, vm


def test_a_server_of_this_cloud() -> None:
    server = CloudServer(vm(1).instance_uuid, "app-1", PROJECT, None)
    found = examine("already-adopted", vm(1), vm(2), of=cloud(servers=(server,)))
    assert subjects_of(found) == ["vm-1"]


def test_a_server_of_another_cloud() -> None:
    found = examine("already-adopted", vm(1, nova_uuid="55555555-5555-5555-5555-555555555555"), vm(2))
    assert subjects_of(found) == ["vm-1"]
    assert "which this cloud has not" in found[0][1].says
