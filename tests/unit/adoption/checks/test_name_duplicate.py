from polyvisor.adoption.cloud import CloudServer
from tests.unit.adoption.builders import PROJECT, cloud, examine, subjects_of, vm


def test_two_vms_of_one_project() -> None:
    found = examine("name-duplicate", vm(1, name="web"), vm(2, name="web"), vm(3))
    assert subjects_of(found) == ["vm-1", "vm-2"]


def test_a_server_of_the_project_and_one_of_another() -> None:
    mine = CloudServer("server-1", "app-1", PROJECT, None)
    theirs = CloudServer("server-2", "app-2", "another", None)
    found = examine("name-duplicate", vm(1), vm(2), of=cloud(servers=(mine, theirs)))
    assert subjects_of(found) == ["vm-1"]
