"""Both sides of an adopted server, compared."""

from dataclasses import replace
from typing import Any

import pytest

from polyvisor.adoption.journal import Vm
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.verify import compare
from polyvisor.adoption.view import View
from polyvisor.vsphere.fingerprint import Fingerprint
from polyvisor.vsphere.virtual_machine import Snapshot
from tests.unit.adoption.builders import VCENTER, cloud, discovery, disk, nic, rules, segment, vm

ID = "77777777-7777-7777-7777-777777777777"
VOLUME = "88888888-8888-8888-8888-888888888888"
MAC = "00:50:56:00:01:00"
VM = vm(1, nova_uuid=ID, disks=(disk(2000), disk(2001, uuid="6000C29-1")))
SERVER = {
    "id": ID,
    "name": "app-1",
    "status": "ACTIVE",
    "flavor": {"original_name": "f", "vcpus": 2, "ram": 4096},
    "OS-EXT-SRV-ATTR:host": "compute1",
    "OS-EXT-SRV-ATTR:hypervisor_hostname": f"domain-c1.{VCENTER}",
}
PORT = {"id": "p", "mac_address": MAC, "network_id": "n", "fixed_ips": [{"ip_address": "10.0.30.1"}]}
PRINT = Fingerprint({"name": "app-1", "config.annotation": "hers"})
NOW = Fingerprint({**PRINT.values, f"config.extraConfig.volume-{VOLUME}": "6000C29-1"})


def view(**changes: Any) -> View:
    found = discovery(changes.get("vm") or VM, segments=(segment(), segment("31", key="g-31", vlan=31)))
    plan, _ = make_plan([discovery(VM)], cloud(), rules(), Earlier(None))
    plain = View(
        id=plan.servers[0].id,
        plan=plan.servers[0],
        record=Vm(plan.servers[0].id, "adopted", None, {"server": ID, "host": "host-1", "snapshots": []}),
        server=SERVER,
        ports=[PORT],
        volumes=[{"id": VOLUME, "size": 20}],
        networks={"n": {"name": "lan", "provider:segmentation_id": 30}},
        discovery=found,
        vm=VM,
        prints=(PRINT, NOW),
    )
    return replace(plain, **changes)


def test_both_sides_agree() -> None:
    assert list(compare(view())) == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("identity", {"server": None}),
        ("identity", {"vm": replace(VM, nova_uuid=None)}),
        ("name", {"vm": replace(VM, name="renamed")}),
        ("flavor", {"vm": replace(VM, vcpus=4)}),
        ("power", {"vm": replace(VM, power_state="poweredOff")}),
        ("compute", {"server": {**SERVER, "OS-EXT-SRV-ATTR:hypervisor_hostname": f"domain-c9.{VCENTER}"}}),
        ("port", {"vm": replace(VM, nics=())}),
        ("port", {"vm": replace(VM, nics=(nic(4000, mac=MAC, addresses=(), network="g-31"),))}),
        ("port", {"vm": replace(VM, nics=(*VM.nics, nic(4001)))}),
        ("address", {"vm": replace(VM, nics=(nic(4000, mac=MAC, addresses=("10.0.30.77/24",)),))}),
        ("volume", {"vm": replace(VM, disks=(*VM.disks, disk(2002, uuid="6000C29-2")))}),
        ("volume", {"volumes": [{"id": VOLUME, "size": 30}]}),
    ],
)
def test_one_contradiction(field: str, changes: dict[str, Any]) -> None:
    found = list(compare(view(**changes)))
    assert [(item.field, item.drift) for item in found] == [(field, True)], found


def test_a_volume_whose_disk_was_taken_away() -> None:
    found = list(compare(view(vm=replace(VM, disks=VM.disks[:1]))))
    assert [str(item.says) for item in found] == [
        f"volume {VOLUME} is attached, but the VM has no disk of it"
    ]


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        (
            "host",
            {
                "vm": replace(VM, host="host-1"),
                "record": Vm("", "adopted", None, {"server": ID, "host": "host-9"}),
            },
        ),
        ("snapshot", {"vm": replace(VM, snapshots=(Snapshot("snapshot-1", "before the update"),))}),
        ("settings", {"prints": (PRINT, Fingerprint({**NOW.values, "config.annotation": "his"}))}),
    ],
)
def test_what_others_may_do(field: str, changes: dict[str, Any]) -> None:
    found = list(compare(view(**changes)))
    assert [(item.field, item.drift) for item in found] == [(field, False)], found
