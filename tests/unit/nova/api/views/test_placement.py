import json
from typing import Any

from nova import objects

from polyvisor.nova.api.views import placement as view

objects.register_all()


def reference(moref: str, name: str) -> dict[str, str]:
    return {"moref": moref, "name": name}


def answer(*disks: str) -> dict[str, Any]:
    return {
        "vcenter": {"uuid": "vc1", "name": "vcenter.example.org"},
        "cluster": reference("domain-c1", "cluster1"),
        "placement": {
            "vcenter_uuid": "vc1",
            "vm": reference("vm-1", "web"),
            "host": reference("host-1", "esx11"),
            "cluster": reference("domain-c1", "cluster1"),
            "datastore": reference("datastore-1", "shared1"),
            "disks": [
                {
                    "key": 2000 + number,
                    "label": f"Hard disk {number}",
                    "file": f"[{name}] web/web.vmdk",
                    "capacity_bytes": 1,
                    "datastore": reference(f"datastore-{name}", name),
                }
                for number, name in enumerate(disks)
            ],
            "resource_pool": "/dc1/host/cluster1/Resources",
            "folder": "/dc1/vm",
        },
    }


def server(project: str = "p1", **metadata: str) -> Any:
    return objects.Instance(uuid="server", project_id=project, host="compute1", metadata=metadata)


def wish(*disks: str, **metadata: str) -> Any:
    return view.placement(server(**metadata), answer(*disks))["requested"]


def test_every_object_has_an_id_that_is_unique_in_the_cloud() -> None:
    place = view.placement(server(), answer("shared1"))
    assert place["host"] == {"id": "vc1:host-1", "moref": "host-1", "name": "esx11"}
    assert place["disks"][0]["datastore"]["id"] == "vc1:datastore-shared1"


def test_no_wish() -> None:
    assert wish("shared1") is None


def test_a_wish_holds_by_name_moref_and_any_case_of_the_key() -> None:
    assert wish("shared1", **{"vmware:host": "esx11"})["fulfilled"] is True
    assert wish("shared1", **{"VMware:Host": "host-1"})["fulfilled"] is True
    assert wish("shared1", **{"vmware:datastore": "shared1"})["fulfilled"] is True


def test_one_disk_elsewhere_breaks_the_wish_and_is_named() -> None:
    wanted = wish("shared1", "shared2", **{"vmware:datastore": "shared1", "vmware:host": "esx11"})
    assert wanted["fulfilled"] is False
    assert "shared2" in wanted["reason"]


def test_metadata_that_contradict_themselves_are_no_error_here() -> None:
    wanted = wish("shared1", **{"vmware:host": "esx11", "VMware:host": "esx12"})
    assert wanted["fulfilled"] is False
    assert "VMware:host" in wanted["reason"]


def test_the_opaque_form_is_stable_within_a_project_and_means_nothing_to_another() -> None:
    one = view.opaque(server(), answer("shared1", "shared2"))
    assert one == view.opaque(server(), answer("shared2", "shared1"))
    assert one["host_id"] != view.opaque(server("p2"), answer("shared1"))["host_id"]
    assert len(one["datastore_ids"]) == 3
    told = json.dumps(one)
    assert not any(name in told for name in ("esx", "shared", "cluster1", "vc1", "host-1", "vcenter."))


def test_the_opaque_form_hides_why_a_wish_does_not_hold() -> None:
    wanted = view.opaque(server(**{"vmware:host": "esx99"}), answer("shared1"))["requested"]
    assert wanted == {"host": "esx99", "datastore": None, "fulfilled": False, "reason": None}


def test_a_vm_without_a_host_has_no_host() -> None:
    said = answer("shared1")
    said["placement"]["host"] = None
    assert view.placement(server(), said)["host"] is None
    assert view.opaque(server(), said)["host_id"] is None
    assert view.placement(server(**{"vmware:host": "esx11"}), said)["requested"]["fulfilled"] is False
