"""A vCenter that has one VM of every odd kind: each check finds its own, and nothing else."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pyVmomi import vim

from polyvisor.adoption.checks import registry
from polyvisor.adoption.cloud import Cloud, Compute, Switch
from polyvisor.adoption.discover import REQUIRED_PRIVILEGES, discover
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.rules import RuleBook, Rules
from polyvisor.vsphere.session import Session
from tests.functional.conftest import StartVCenter
from tests.functional.vsphere.conftest import endpoint_of, named

#: Checks that compare with OpenStack, or between vCenters.
ELSEWHERE = {
    "account-rights",
    "address-in-pool",
    "compute-missing",
    "flavor-size",
    "moref-duplicate",
    "placement-room",
    "project-unknown",
    "quota",
    "switch-mismatch",
    "vcenter-duplicate",
}
#: What is odd about a VM can be odd in two ways.
FURTHER = {
    "odd-guest-tools": {"address-unknown"},
    "odd-powered-off": {"address-unknown"},
    "odd-template": {"address-unknown", "powered-off"},
    "odd-rdm": {"independent-disk"},
}
RULES = {
    "switches": [{"switch": "dvs1", "physical_network": "physnet1"}],
    "servers": [{"rule": "everything", "adopt": True, "project": "demo"}],
}


@pytest.fixture(scope="module")
def session(module_vcenter: StartVCenter) -> Iterator[Session]:
    running = module_vcenter("-vms", "0", "-hosts", "2", "-brownfield", "varied")
    with closing(Session(endpoint_of(running, call_timeout=120))) as session:
        yield session


@pytest.fixture(scope="module")
def found(session: Session) -> Discovery:
    return discover(session)


def planned(*found: Discovery, cloud: Cloud | None = None, rules: Any = RULES) -> Plan:
    book = RuleBook(Rules.model_validate(rules, strict=False), {})
    plan, _ = make_plan(found, cloud or Cloud(), book, Earlier(None))
    return plan


def test_each_check_finds_its_own_vm_and_no_other(found: Discovery) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for server in planned(found).servers:
        for finding in server.findings:
            seen[server.vm.path.rpartition("/")[2]].add(finding.check)
    networks = {"odd-vlan-duplicate", "odd-vlan-untagged"}  # found of networks, see below
    for name in {vm.name for vm in found.vms} - networks:
        own = {"odd-plain": "name-duplicate"}.get(name, name.removeprefix("odd-").removesuffix("-a"))
        assert seen[name] == {own.removesuffix("-b")} | FURTHER.get(name, set()), name
    assert {check for checks in seen.values() for check in checks} | {
        *("vlan-duplicate", "vlan-untagged"),
        *ELSEWHERE,
    } == set(registry())


def test_a_nic_on_another_switch_than_neutrons_is_told_before_anything_is_made(found: Discovery) -> None:
    vm = next(vm for vm in found.vms if vm.name == "odd-switch-unmapped")
    cluster = found.cluster(vm)
    assert cluster
    node = f"{cluster.moref}.{found.vcenter.uuid}"
    openstack = Cloud(
        projects={"0123": "demo"},
        computes={node: Compute("compute1", node)},
        switches={"compute1": {"physnet1": Switch("dvs1", "distributed")}},
    )
    switches = [{"switch": name, "physical_network": "physnet1"} for name in ("dvs1", "vSwitch0")]
    plan = planned(found, cloud=openstack, rules={**RULES, "switches": switches})
    mismatched = {
        server.vm.path.rpartition("/")[2]: server.state
        for server in plan.servers
        if any(item.check == "switch-mismatch" for item in server.findings)
    }
    assert mismatched == {vm.name: "blocked"}


def test_networks_are_found_once_not_for_each_vm(found: Discovery) -> None:
    plan = planned(found)
    assert {network.network: [item.check for item in network.findings] for network in plan.networks} == {
        "physnet1-untagged": ["vlan-untagged"],
        "physnet1-vlan-30": ["vlan-duplicate"],
    }
    [_, vlan] = plan.networks
    assert vlan.port_groups == ("dvs1/dvs1-VLAN 30", "dvs1/dvs1-VLAN 30 again")
    assert [subnet.cidr for subnet in vlan.subnets] == ["10.200.0.0/16", "2001:db8::/64"]


def test_what_is_odd_is_read_as_it_is(found: Discovery) -> None:
    vms = {vm.name: vm for vm in found.vms}
    assert vms["odd-vapp"].vapp
    assert vms["odd-already-adopted"].nova_uuid == "b7a7a0a4-5c2a-4b42-9d28-6d9e6f0c2f11"
    assert [snapshot.name for snapshot in vms["odd-snapshots"].snapshots] == ["before the upgrade"]
    assert vms["odd-rdm"].disks[0].format == "rdm-physical"
    assert vms["odd-linked-clone"].disks[0].parents == ("[shared1] odd-plain/odd-plain.vmdk",)
    assert [disk.controller for disk in vms["odd-data-disks"].disks] == ["paraVirtual", "paraVirtual"]
    assert vms["odd-ipv6"].nics[0].addresses == ("10.200.255.4/16", "2001:db8::4/64", "fe80::4/64")
    segments = {segment.name: segment.tagging for segment in found.segments}
    assert segments["dvs1-trunk"] == "trunk"
    assert segments["dvs1-private"] == "private"
    assert segments["dvs1-untagged"] == "untagged"
    assert segments["VLAN 10"] == "vlan"


def test_a_second_vcenter_with_the_same_morefs(found: Discovery, module_vcenter: StartVCenter) -> None:
    flags = ("-vms", "40", "-hosts", "2", "-seed", "9")
    with closing(Session(endpoint_of(module_vcenter(*flags), call_timeout=120))) as session:
        plan = planned(found, discover(session))
    twice = [
        server for server in plan.servers if any(item.check == "moref-duplicate" for item in server.findings)
    ]
    assert twice
    assert len({server.id for server in plan.servers}) == len(plan.servers) == len(found.vms) + 40


def test_an_account_with_too_few_rights_is_told_which(session: Session) -> None:
    folder = named(session, vim.Folder, "odd")
    manager = session.content.authorizationManager
    roles = {role.name: role.roleId for role in session.call(lambda: manager.roleList)}
    reader = vim.AuthorizationManager.Permission(
        principal=session.endpoint.username, group=False, roleId=roles["ReadOnly"], propagate=True
    )
    session.call(manager.SetEntityPermissions, folder, [reader])
    try:
        found = discover(session)
    finally:
        session.call(manager.RemoveEntityPermission, folder, session.endpoint.username, False)
    [(path, missing)] = found.vcenter.missing_privileges.items()
    assert path == "/dc1/vm/odd"
    assert set(missing) == set(REQUIRED_PRIVILEGES["Folder"]) - {"System.View"}
    plan = planned(found)
    assert [finding.check for finding in plan.header.findings] == ["account-rights"]
    assert {server.state for server in plan.servers} == {"blocked"}
