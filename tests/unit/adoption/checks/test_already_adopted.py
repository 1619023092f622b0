from polyvisor.adoption.cloud import CloudServer
from tests.unit.adoption.builders import PROJECT, VCENTER, cloud, discovery, examine, subjects_of, vm


def test_a_server_of_this_cloud() -> None:
    server = CloudServer(vm(1).instance_uuid, "app-1", PROJECT, None)
    found = examine("already-adopted", vm(1), vm(2), of=cloud(servers=(server,)))
    assert subjects_of(found) == ["vm-1"]


def test_a_copy_in_another_vcenter_is_not_taken_for_the_server() -> None:
    of_first = CloudServer(vm(1).instance_uuid, "app-1", PROJECT, f"domain-c1.{VCENTER}")
    second = discovery(
        vm(1, nova_uuid=of_first.id), uuid="99999999-9999-9999-9999-999999999999", address="vc2:443"
    )
    found = examine("already-adopted", vm(1), others=[second], of=cloud(servers=(of_first,)))
    says = {about.partition(":")[0]: item.says for about, item in found}
    assert says[VCENTER] == f"It is server {of_first.id} (app-1) already."
    assert says[second.vcenter.uuid] == f"It is a copy of the VM of server {of_first.id} (app-1)."


def test_a_clone_of_a_servers_vm_which_vcenter_gave_another_instance_uuid() -> None:
    server = CloudServer(vm(1).instance_uuid, "app-1", PROJECT, f"domain-c1.{VCENTER}")
    found = examine("already-adopted", vm(2, nova_uuid=server.id), of=cloud(servers=(server,)))
    assert [item.says for _, item in found] == [f"It is a copy of the VM of server {server.id} (app-1)."]


def test_a_server_of_another_cloud() -> None:
    found = examine("already-adopted", vm(1, nova_uuid="55555555-5555-5555-5555-555555555555"), vm(2))
    assert subjects_of(found) == ["vm-1"]
    assert "which this cloud has not" in found[0][1].says
