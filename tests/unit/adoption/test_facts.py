"""What apply believes: vCenter, whatever a plan says."""

import re
from dataclasses import replace
from typing import Any

import pytest

from polyvisor.adoption.checks import Subject
from polyvisor.adoption.cloud import Cloud
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.facts import differences
from polyvisor.adoption.judgement import Judgement, judge_anew
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.vsphere.virtual_machine import VirtualMachine
from tests.unit.adoption.builders import cloud, discovery, disk, nic, rules, segment, vm

TWO = (disk(2000), disk(2001, uuid="1"))
OTHER_VLAN = segment("VLAN 31", key="dvportgroup-31", moref="dvportgroup-31", vlan=31)
MAC = "00:50:56:00:01:00"


def planned(found: Discovery) -> Plan:
    plan, _ = make_plan([found], cloud(), rules(), Earlier(None))
    assert [server.state for server in plan.servers] == ["ready"]
    return plan


def reasons(before: VirtualMachine, now: VirtualMachine) -> list[str]:
    plan = planned(discovery(before))
    [server] = plan.servers
    found = discovery(now, segments=(segment(), OTHER_VLAN))
    networks = {item.network: item for item in plan.networks}
    return list(map(str, differences(server, found, now, networks)))


def test_a_vm_as_planned() -> None:
    assert reasons(vm(1, disks=TWO), vm(1, disks=TWO)) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"instance_uuid": "22222222-2222-2222-2222-000000000009"}, "another VM now"),
        ({"nics": ()}, "NIC 4000 is gone"),
        ({"nics": (nic(4000, mac=MAC), nic(4001))}, "NIC 4001 was added"),
        ({"nics": (nic(4000, mac="00:50:56:00:01:ff"),)}, "has the MAC address 00:50:56:00:01:ff, not"),
        ({"nics": (nic(4000, mac=MAC, network="dvportgroup-31"),)}, "is on VLAN 31, network .* is VLAN 30"),
        ({"nics": (nic(4000, mac=MAC, network="gone"),)}, "is on no port group"),
        ({"disks": (disk(2000),)}, "disk 2001 is gone"),
        ({"disks": (*TWO, disk(2002))}, "disk 2002 was added"),
        ({"disks": (disk(2000), disk(2001, shared=True))}, "cannot be a volume any more: shared"),
        ({"disks": (disk(2000), disk(2001, capacity_bytes=30 * 1024**3))}, "has 30 GB, not 20"),
    ],
)
def test_what_changed_since_the_plan_was_made(changes: dict[str, Any], says: str) -> None:
    before = vm(1, disks=TWO)
    [told] = reasons(before, replace(before, **changes))
    assert re.search(says, told), told


def judged(plan: Plan, found: Discovery, of: Cloud | None = None) -> Judgement:
    return judge_anew(plan, plan.servers, [found], of or cloud(), lambda _projects: {})


def test_findings_that_were_edited_out_of_a_plan_count_all_the_same() -> None:
    plan = planned(discovery(vm(1)))
    outcome = judged(plan, discovery(vm(1, fault_tolerance="running")))
    assert "fault-tolerance" in str(next(iter(outcome.refused.values())))
    assert outcome.subjects == []


def test_a_finding_that_needs_a_decision_which_nobody_took() -> None:
    outcome = judged(planned(discovery(vm(1))), discovery(vm(1, encrypted=True)))
    assert list(map(str, outcome.refused.values())) == ["encryption is undecided"]


def test_a_vm_that_is_gone_and_one_in_another_cluster() -> None:
    plan = planned(discovery(vm(1)))
    refused = judged(plan, discovery()).refused
    assert list(map(str, refused.values())) == ["the VM is not there any more"]
    computes = {node: replace(item, host="compute9") for node, item in cloud().computes.items()}
    [why] = judged(plan, discovery(vm(1)), cloud(computes=computes)).refused.values()
    assert "cluster of compute9 now, not of compute1" in str(why)


def test_a_sound_vm_goes_on() -> None:
    outcome = judged(planned(discovery(vm(1))), discovery(vm(1)))
    assert (outcome.refused, [type(item) for item in outcome.subjects]) == ({}, [Subject])
