from types import SimpleNamespace
from typing import Any

import pytest

from polyvisor.neutron.conf import Compute
from polyvisor.neutron.db.port_group import Site
from polyvisor.neutron.distributed_switch import DistributedSwitches

ID = "6a866f76-99c3-4f82-a8c9-79182258c3b5"


def switches(deployment_id: str = "my.cloud", **mappings: dict[str, str]) -> DistributedSwitches:
    computes = {
        host: Compute(host, "vc1", "dc1", host, mapping, "dvs")
        for host, mapping in (mappings or {"compute1": {"physnet1": "dvs1"}}).items()
    }
    settings: Any = SimpleNamespace(deployment_id=deployment_id, computes=computes)
    return DistributedSwitches(settings)


def site(switch: str, datacenter: str = "dc1") -> Site:
    return Site("vc1", "dvs", datacenter, switch)


def test_the_name_is_made_of_the_uuid_alone() -> None:
    assert switches().group_name(ID, site("dvs1")) == f"os-{ID}"


def test_several_switches_of_a_datacenter_have_names_of_their_own() -> None:
    two = switches(compute1={"physnet1": "dvs1"}, compute2={"physnet1": "a/b" * 20})
    names = [two.group_name(ID, site(switch)) for switch in ("dvs1", "a/b" * 20)]
    assert len(set(names)) == 2
    assert all(name.startswith(f"os-{ID}-") and len(name) <= 80 for name in names)
    assert two.group_name(ID, site("dvs1", "dc2")) == f"os-{ID}"


def test_a_deployment_knows_its_own_by_the_mark() -> None:
    assert switches().marked_network(switches().mark(ID)) == ID


@pytest.mark.parametrize("deployment_id", ["my-cloud", "my", "my.cloud.2"])
def test_another_deployments_mark_is_not_its_own(deployment_id: str) -> None:
    assert switches(deployment_id).marked_network(switches().mark(ID)) is None


@pytest.mark.parametrize("edit", ["{} edited", "x{}", ""])
def test_an_edited_mark_is_none(edit: str) -> None:
    assert switches().marked_network(edit.format(switches().mark(ID))) is None
