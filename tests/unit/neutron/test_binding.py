from typing import Any

import pytest

from polyvisor.neutron import binding

PORT: dict[str, Any] = {"id": "p", "binding:vnic_type": "normal", "security_groups": []}


def segment(**changes: Any) -> dict[str, Any]:
    usable = {"id": "s1", "network_type": "vlan", "physical_network": "physnet1", "segmentation_id": 100}
    return usable | changes


def test_a_plain_port_passes() -> None:
    binding.check_port(PORT, security_groups="reject")


@pytest.mark.parametrize("vnic_type", ["direct", "macvtap", "baremetal", "vdpa", "remote-managed"])
def test_other_vnic_types_are_refused(vnic_type: str) -> None:
    with pytest.raises(binding.BindingError, match=vnic_type):
        binding.check_port(PORT | {"binding:vnic_type": vnic_type}, security_groups="reject")


def test_a_trunk_parent_is_refused() -> None:
    with pytest.raises(binding.BindingError, match="trunk"):
        binding.check_port(PORT | {"trunk_details": {"trunk_id": "t"}}, security_groups="reject")


@pytest.mark.parametrize("claim", [{"security_groups": ["default"]}, {"port_security_enabled": True}])
def test_a_claim_of_protection_is_refused_unless_ignored(claim: dict[str, Any]) -> None:
    port = PORT | claim
    with pytest.raises(binding.BindingError, match="not enforced on VMware"):
        binding.check_port(port, security_groups="reject")
    binding.check_port(port, security_groups="ignore")


@pytest.mark.parametrize("field", ["vlan_transparent", "qinq"])
def test_networks_whose_guests_tag_are_refused(field: str) -> None:
    binding.check_network({"id": "n", field: False})
    with pytest.raises(binding.BindingError, match=field):
        binding.check_network({"id": "n", field: True})


@pytest.mark.parametrize(
    "unusable",
    [
        {"network_type": "vxlan"},
        {"network_type": "flat", "segmentation_id": None, "physical_network": "physnet9"},
        {"physical_network": "physnet9"},
        {"segmentation_id": 0},
        {"segmentation_id": 4095},
    ],
)
def test_a_network_without_a_vlan_on_a_mapped_physical_network_is_refused(unusable: dict[str, Any]) -> None:
    with pytest.raises(binding.BindingError, match=r"no VLAN or flat segment .*: physnet1, physnet2"):
        binding.choose_segment([segment(**unusable)], {"physnet2": "dvs2", "physnet1": "dvs1"})


@pytest.mark.parametrize("vlan_id", [1, 4094])
def test_the_first_usable_segment_is_chosen(vlan_id: int) -> None:
    segments = [segment(network_type="vxlan"), segment(id="s2", segmentation_id=vlan_id), segment(id="s3")]
    assert binding.choose_segment(segments, {"physnet1"})["id"] == "s2"


def test_a_flat_network_is_untagged() -> None:
    flat = segment(network_type="flat", segmentation_id=None)
    assert binding.vlan_of(binding.choose_segment([flat], {"physnet1"})) == 0
    assert binding.vlan_of(segment()) == 100
