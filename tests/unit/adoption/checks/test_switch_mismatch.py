from polyvisor.adoption.cloud import Cloud, Switch
from tests.unit.adoption.builders import cloud, examine, nic, rules, segment, subjects_of, vm

STANDARD = segment(
    "VLAN 10", key="VLAN 10", type="standard", switch="vSwitch0", switch_uuid=None, vlan=10, hosts=("host-1",)
)
ON_STANDARD = vm(2, nics=(nic(backing="standard", network="VLAN 10", switch_uuid=None),))
ON_BOTH = [
    {"switch": "dvs1", "physical_network": "physnet1"},
    {"switch": "vSwitch0", "physical_network": "physnet1"},
]


def using(*switch: str, physical_network: str = "physnet1") -> Cloud:
    return cloud(switches={"compute1": {physical_network: Switch(*switch)}})


def found(of: Cloud) -> list[tuple[str, str]]:
    book, segments = rules(switches=ON_BOTH), (segment(), STANDARD)
    findings = examine("switch-mismatch", vm(1), ON_STANDARD, of=of, book=book, segments=segments)
    return [(about.rpartition(":")[2], item.says) for about, item in findings]


def test_a_standard_switch_where_neutron_uses_the_distributed_one() -> None:
    assert found(using("dvs1", "distributed")) == [
        (
            "vm-2",
            "Network adapter 1 is on standard switch vSwitch0; Neutron reaches physnet1 on compute1 by "
            "distributed switch dvs1.",
        )
    ]


def test_the_distributed_switch_where_neutron_uses_standard_ones() -> None:
    assert [vm for vm, _ in found(using("vSwitch0", "standard"))] == ["vm-1"]


def test_a_physical_network_that_neutron_does_not_reach_there() -> None:
    says = [says for _, says in found(using("dvs1", "distributed", physical_network="physnet9"))]
    assert len(says) == 2
    assert says[0].endswith("Neutron reaches physnet1 on compute1 by no switch.")


def test_nothing_is_said_where_neutron_does_not_tell() -> None:
    assert found(cloud()) == []


def test_a_nic_that_stays_with_vcenter_is_in_nobodys_way() -> None:
    of, book = using("dvs1", "distributed"), rules(switches=ON_BOTH[:1])
    findings = examine("switch-mismatch", ON_STANDARD, of=of, book=book, segments=(segment(), STANDARD))
    assert subjects_of(findings) == []
