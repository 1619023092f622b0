from polyvisor.adoption.cloud import Room
from tests.unit.adoption.builders import PROJECT, cloud, disk, examine, subjects_of, vm


def test_all_vms_of_the_project_when_they_do_not_fit_together() -> None:
    found = examine("quota", vm(1), vm(2), of=cloud(rooms={PROJECT: Room(instances=9, cores=3)}))
    assert subjects_of(found) == ["vm-1", "vm-2"]
    assert "cores 4 of 3 left" in found[0][1].says


def test_room_enough() -> None:
    room = Room(instances=1, cores=2, ram_mb=4096, ports=1, volumes=1, gigabytes=20)
    assert examine("quota", vm(1, disks=(disk(), disk(2001))), of=cloud(rooms={PROJECT: room})) == []


def test_a_volume_too_many() -> None:
    found = examine("quota", vm(1, disks=(disk(), disk(2001))), of=cloud(rooms={PROJECT: Room(volumes=0)}))
    assert subjects_of(found) == ["vm-1"]
