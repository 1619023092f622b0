"""Plans: made, judged, edited, and made again."""

from dataclasses import replace
from pathlib import Path

import pytest

from polyvisor.adoption import plan_file
from polyvisor.adoption.cloud import Cloud, CloudFlavor, CloudNetwork, CloudSubnet
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Plan, Server
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import Change, make_plan
from polyvisor.adoption.rules import RuleBook
from tests.unit.adoption.builders import PROJECT, VCENTER, cloud, discovery, disk, nic, rules, segment, vm

NETWORK = "44444444-4444-4444-4444-444444444444"


def made(*found: Discovery, of: Cloud | None = None, book: RuleBook | None = None) -> Plan:
    plan, _ = make_plan(found, of or cloud(), book or rules(), Earlier(None))
    return plan


class Desk:
    """A plan file, which is made again and again while people edit it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def plan(self, *found: Discovery, book: RuleBook | None = None) -> tuple[Plan, list[Change]]:
        earlier = Earlier(self.file if self.file.exists() else None)
        plan, changes = make_plan(found, cloud(), book or rules(), earlier)
        plan_file.save(plan, self.file, earlier)
        assert plan_file.load(self.file) == plan
        return plan, changes

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new, 1))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "plan.yaml")


def only(plan: Plan) -> Server:
    [server] = plan.servers
    return server


def test_a_plain_vm_is_ready() -> None:
    plan = made(discovery(vm(1)))
    server = only(plan)
    assert (server.state, server.undecided, server.findings) == ("ready", (), ())
    assert (server.server, server.project, server.compute) == ("app-1", "shop", "compute1")
    assert (server.vcenter, server.moref) == (VCENTER, "vm-1")
    [port] = server.ports
    assert (port.network, port.addresses, port.because) == (
        "physnet1-vlan-30",
        ("10.0.30.1",),
        "VMware Tools",
    )
    [network] = plan.networks
    assert (network.id, network.vlan, network.project, network.shared_with) == (None, 30, "shop", ())
    assert [subnet.cidr for subnet in network.subnets] == ["10.0.30.0/24"]
    [flavor] = plan.flavors
    assert (flavor.id, flavor.vcpus, flavor.ram_mb, flavor.disk_gb, flavor.projects) == (
        None,
        2,
        4096,
        20,
        ("shop",),
    )
    assert list(plan.ready()) == [server]


def test_what_openstack_has_is_taken() -> None:
    network = CloudNetwork(NETWORK, "office", PROJECT, True, "vlan", "physnet1", 30)
    subnet = CloudSubnet("66666666-6666-6666-6666-666666666666", NETWORK, "10.0.0.0/8", "10.0.0.1", ())
    flavor = CloudFlavor("7", "m1.medium", 2, 4096, 20, public=True, plain=True)
    plan = made(discovery(vm(1)), of=cloud(networks=(network,), subnets=(subnet,), flavors=(flavor,)))
    assert only(plan).state == "ready"
    assert (plan.networks[0].network, plan.networks[0].id, plan.networks[0].project) == (
        "office",
        NETWORK,
        "shop",
    )
    assert [item.id for item in plan.networks[0].subnets] == [subnet.id]
    assert [(item.flavor, item.id) for item in plan.flavors] == [("m1.medium", "7")]


def test_a_private_flavor_of_the_same_shape_is_somebody_s() -> None:
    flavor = CloudFlavor("7", "secret", 2, 4096, 20, public=False, plain=True)
    assert only(made(discovery(vm(1)), of=cloud(flavors=(flavor,)))).flavor == "adopted-2vcpu-4096mb-20gb"


def test_nothing_is_adopted_that_nobody_asked_for() -> None:
    server = only(made(discovery(vm(1)), book=rules(servers=[])))
    assert server.state == "undecided"
    assert server.waits == ["adopt it or not", "no project", "network physnet1-vlan-30 has no project"]


def test_a_network_of_two_projects_needs_an_owner() -> None:
    two = cloud(projects={PROJECT: "shop", "b" * 32: "bank", "c" * 32: "infra"})
    book = rules({"rule": "one", "match": {"name": "app-1"}, "project": "bank"})
    plan = made(discovery(vm(1), vm(2)), book=book, of=two)
    assert [server.waits for server in plan.servers] == [["network physnet1-vlan-30 has no project"]] * 2
    owner = [{"physical_network": "physnet1", "vlan": 30, "project": "infra"}]
    book = rules({"rule": "one", "match": {"name": "app-1"}, "project": "bank"}, networks=owner)
    plan = made(discovery(vm(1), vm(2)), book=book, of=two)
    assert [server.state for server in plan.servers] == ["ready", "ready"]
    assert plan.networks[0].shared_with == ("bank", "shop")


def test_a_finding_is_accepted_with_a_reason() -> None:
    member = vm(1, vapp="resgroup-v9")
    assert only(made(discovery(member))).waits == ["vapp"]
    book = rules({"rule": "vApps", "accept": {"vapp": "the vApp goes away in May"}})
    assert only(made(discovery(member), book=book)).state == "ready"


def test_what_blocks_cannot_be_accepted() -> None:
    book = rules({"rule": "no", "accept": {"template": "never mind"}})
    assert only(made(discovery(vm(1, template=True)), book=book)).state == "blocked"


def test_a_vcenter_s_finding_blocks_all_its_vms() -> None:
    found = discovery(vm(1), missing_privileges={"/dc1/vm/shop": ("VirtualMachine.Config.Settings",)})
    assert only(made(found)).state == "blocked"


def test_one_that_is_left_out_disturbs_nobody() -> None:
    book = rules({"rule": "not this", "match": {"name": "app-1"}, "adopt": False})
    plan = made(discovery(vm(1), vm(2, nics=vm(1).nics)), book=book)
    assert [server.state for server in plan.servers] == ["left out", "ready"]


def test_two_vcenters_with_the_same_morefs() -> None:
    other = discovery(vm(1, instance_uuid="22222222-2222-2222-2222-000000000099", nics=()), address="two:443")
    uuid = "99999999-9999-9999-9999-999999999999"
    other = replace(other, vcenter=replace(other.vcenter, uuid=uuid))
    openstack = cloud()
    node = f"domain-c1.{uuid}"
    openstack = cloud(
        computes={**openstack.computes, node: replace(next(iter(openstack.computes.values())), node=node)}
    )
    plan = made(discovery(vm(1)), other, of=openstack)
    assert sorted(server.id for server in plan.servers) == [f"{VCENTER}:vm-1", f"{uuid}:vm-1"]
    assert {server.state for server in plan.servers} == {"ready"}


def test_disks_that_cannot_be_volumes_stay() -> None:
    disks = (disk(), disk(2001), disk(2002, format="rdm-virtual"))
    server = only(made(discovery(vm(1, disks=disks))))
    assert [(item.disk, item.take, item.because) for item in server.volumes] == [
        (2001, True, ""),
        (2002, False, "a raw device mapping"),
    ]


def test_made_again_it_is_the_same_text(desk: Desk) -> None:
    desk.plan(discovery(vm(1), vm(2)))
    before = desk.file.read_text()
    _, changes = desk.plan(discovery(vm(1), vm(2)))
    assert desk.file.read_text() == before
    assert changes == []


def test_a_finding_keeps_what_it_is_made_of_on_one_line(desk: Desk) -> None:
    rdm = disk(2001, format="rdm-virtual")
    desk.plan(discovery(vm(1, disks=(disk(), rdm))))
    why = "{says: a raw device mapping, code: why_rdm}"
    assert f"  params: {{disk: '2001', size: '20', reason: {why}}}\n" in desk.file.read_text()
    desk.edit("server: app-1\n", "server: webshop  # asked for by Ann\n")
    plan, _ = desk.plan(discovery(vm(1, disks=(disk(), replace(rdm, capacity_bytes=30 * 1024**3)))))
    assert f"  params: {{disk: '2001', size: '30', reason: {why}}}\n" in desk.file.read_text()
    [found] = [one.message for one in only(plan).findings if one.check == "data-disks"]
    assert found == say("disk_stays", disk=2001, size=30, reason=say("why_rdm"))


def test_a_finding_of_an_earlier_release_is_said_as_it_is(desk: Desk) -> None:
    desk.plan(discovery(vm(1, template=True)))
    desk.edit("  code: is_template\n", "")
    [found] = only(plan_file.load(desk.file)).findings
    assert (found.says, found.message) == ("It is a template.", say("as_said", text="It is a template."))


def test_order_does_not_depend_on_that_of_vcenter(desk: Desk) -> None:
    desk.plan(discovery(vm(1), vm(2)))
    before = desk.file.read_text()
    desk.plan(discovery(vm(2), vm(1)))
    assert desk.file.read_text() == before


def test_changed_rules_fill_what_nobody_touched(desk: Desk) -> None:
    desk.plan(discovery(vm(1), vm(2)))
    desk.edit("server: app-1\n", "server: webshop\n")
    plan, _ = desk.plan(discovery(vm(1), vm(2)), book=rules({"rule": "bank", "project": "bank"}))
    assert [(server.server, server.project) for server in plan.servers] == [
        ("webshop", "shop"),
        ("app-2", "bank"),
    ]


def test_edits_and_comments_are_kept_while_facts_are_renewed(desk: Desk) -> None:
    desk.plan(discovery(vm(1, nics=(nic(),), disks=(disk(), disk(2001)))))
    desk.edit("server: app-1\n", "server: webshop  # asked for by Ann\n")
    desk.edit("take: true", "take: false  # swap")
    desk.edit("  addresses:\n  - 10.0.30.5\n", "  addresses: [10.0.30.77]  # moves soon\n")
    changed = vm(
        1,
        power_state="poweredOff",
        nics=(nic(), nic(4001, addresses=("10.0.30.6",))),
        disks=(disk(), disk(2001)),
    )
    plan, changes = desk.plan(discovery(changed))
    server = only(plan)
    assert server.server == "webshop"
    assert [(port.nic, port.addresses) for port in server.ports] == [
        (4000, ("10.0.30.77",)),
        (4001, ("10.0.30.6",)),
    ]
    assert [volume.take for volume in server.volumes] == [False]
    assert server.vm.power == "poweredOff"
    text = desk.file.read_text()
    assert all(remark in text for remark in ("# asked for by Ann", "# swap", "# moves soon"))
    assert {str(change.what) for change in changes} == {
        "power: poweredOn -> poweredOff",
        "nics: now 4001 vmxnet3 00:50:56:00:00:01 on dvs1/VLAN 30, VLAN 30",
    }


def test_what_somebody_emptied_is_filled_again(desk: Desk) -> None:
    desk.plan(discovery(vm(1)))
    desk.edit("project: shop\nflavor", "project: null\nflavor")
    plan, _ = desk.plan(discovery(vm(1)))
    assert only(plan).project == "shop"


def test_a_name_given_to_a_network_is_used(desk: Desk) -> None:
    desk.plan(discovery(vm(1)))
    desk.edit("network: physnet1-vlan-30\n", "network: office\n")
    plan, _ = desk.plan(discovery(vm(1)))
    assert plan.networks[0].network == only(plan).ports[0].network == "office"


def test_vms_that_came_and_went(desk: Desk) -> None:
    desk.plan(discovery(vm(1), vm(2)))
    _, changes = desk.plan(discovery(vm(2), vm(3)))
    assert sorted((change.vm, str(change.what)) for change in changes) == [
        ("/dc1/vm/shop/app-1", "gone"),
        ("/dc1/vm/shop/app-3", "new"),
    ]


def test_a_vcenter_is_not_forgotten_by_mistake(desk: Desk) -> None:
    desk.plan(discovery(vm(1)))
    other = discovery(vm(9))
    other = replace(other, vcenter=replace(other.vcenter, uuid="99999999-9999-9999-9999-999999999999"))
    with pytest.raises(AdoptionError, match=f"the plan has VMs of vCenter {VCENTER}"):
        desk.plan(other)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("adopt: true", "adopt: perhaps", r"line \d+: adopt: Input should be a valid boolean"),
        ("id: 1111", "id: ../../etc/1111", r"line \d+: id: String should match pattern"),
        ("mac: 00:50:56:00:01:00", "mac: 00:50:56", r"line \d+: ports.0.mac: String should match"),
        ("- 10.0.30.1\n", "- 10.0.30.256\n", r"line \d+: ports.0.addresses.0: .*IPv4 or IPv6"),
        ("server: app-1", 'server: "a\\e[31m"', r"line \d+: server: .*cannot be printed"),
        ("because: everything", "sudo: true", r"line \d+: sudo: Extra inputs are not permitted"),
        ("vlan: 30", "vlan: 4095", r"line \d+: vlan: Input should be less than or equal to 4094"),
        ("kind: network", "kind: router", r"line \d+: .*does not match any of the expected tags"),
        ("kind: plan", "kind: plan\nkind: plan", r"line 2: a key is there twice"),
    ],
)
def test_a_plan_of_any_origin_is_refused_with_the_line(desk: Desk, old: str, new: str, says: str) -> None:
    desk.plan(discovery(vm(1)))
    desk.edit(old, new)
    with pytest.raises(AdoptionError, match=says):
        plan_file.load(desk.file)


def test_one_vm_cannot_be_in_a_plan_twice(desk: Desk) -> None:
    desk.plan(discovery(vm(1)))
    text = desk.file.read_text()
    desk.file.write_text(text + text[text.rindex("---\n") :])
    with pytest.raises(AdoptionError, match=f"line .*: VM {VCENTER}:vm-1 is in the plan twice"):
        plan_file.load(desk.file)
    with pytest.raises(AdoptionError, match="is in the plan twice"):
        desk.plan(discovery(vm(1)))


def test_a_state_is_not_taken_from_the_file(desk: Desk) -> None:
    desk.plan(discovery(vm(1, template=True)))
    desk.edit("state: blocked", "state: ready")
    assert [server.state for server in plan_file.load(desk.file).servers] == ["blocked"]


def test_trunks_stay_with_vcenter_once_accepted() -> None:
    trunk = segment(tagging="trunk", vlan=None)
    book = rules({"rule": "firewalls", "accept": {"vlan-trunk": "the firewall team has them"}})
    server = only(made(discovery(vm(1), segments=[trunk]), book=book))
    assert server.state == "ready"
    assert server.made_ports == ()


def test_nothing_that_vcenter_says_breaks_a_plan(desk: Desk) -> None:
    strange = vm(
        1,
        name="\x1b[2Jbell\x07 " + "x" * 300,
        instance_uuid="not-a-uuid",
        guest_name="\x1b]0;title\x07",
        vcpus=0,
        memory_mb=0,
        nics=(nic(mac="", addresses=("nonsense",)), nic(4001, mac="FA")),
        disks=(disk(capacity_bytes=0, file="\n"), disk(2001, capacity_bytes=0)),
    )
    plan, _ = desk.plan(discovery(strange, segments=[segment("a\x00b")]))
    server = only(plan)
    assert server.state == "blocked"
    assert "no MAC address: NIC 4000" in server.waits
    assert "\x1b" not in desk.file.read_text()
