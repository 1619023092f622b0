from tests.unit.adoption.builders import disk, examine, vm


def test_the_first_disk_is_not_one_of_them() -> None:
    found = examine("data-disks", vm(1, disks=(disk(), disk(2001))), vm(2))
    assert [(finding.item, "becomes a volume" in finding.says) for _, finding in found] == [
        ("disk 2001", True)
    ]


def test_one_that_cannot_be_a_volume_says_why() -> None:
    [(_, finding)] = examine("data-disks", vm(1, disks=(disk(), disk(2001, controller="nvme"))))
    assert finding.says.endswith("stays with the server: on a controller of type nvme.")
