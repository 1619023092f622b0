from polyvisor.nova import destination
from polyvisor.vsphere.relocation_rules import Request

REQUEST = Request(host="esx22", datastore="cluster2-ssd", disks={"Hard disk 1": "shared1"}, priority="high")


def test_what_one_request_carries_no_later_one_finds() -> None:
    metadata = {"image_ref": "x"}
    destination.write(metadata, "req-1", REQUEST)
    assert destination.read(metadata, "req-1") == REQUEST
    assert destination.read(metadata, "req-2") == Request()


def test_a_second_destination_takes_the_place_of_the_first() -> None:
    metadata = {"image_ref": "x"}
    destination.write(metadata, "req-1", REQUEST)
    destination.write(metadata, "req-2", Request(host="esx23"))
    assert destination.read(metadata, "req-2") == Request(host="esx23")
    destination.clear(metadata)
    assert metadata == {"image_ref": "x"}
