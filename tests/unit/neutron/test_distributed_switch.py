from types import SimpleNamespace
from typing import Any

import pytest

from polyvisor.neutron.distributed_switch import DistributedSwitches

ID = "6a866f76-99c3-4f82-a8c9-79182258c3b5"


def switches(deployment_id: str = "my.cloud") -> DistributedSwitches:
    settings: Any = SimpleNamespace(deployment_id=deployment_id)
    return DistributedSwitches(settings)


def test_the_name_is_made_of_the_uuid_alone() -> None:
    assert switches().group_name(ID) == f"os-{ID}"


def test_a_deployment_knows_its_own_by_the_mark() -> None:
    assert switches().marked_network(switches().mark(ID)) == ID


@pytest.mark.parametrize("deployment_id", ["my-cloud", "my", "my.cloud.2"])
def test_another_deployments_mark_is_not_its_own(deployment_id: str) -> None:
    assert switches(deployment_id).marked_network(switches().mark(ID)) is None


@pytest.mark.parametrize("edit", ["{} edited", "x{}", ""])
def test_an_edited_mark_is_none(edit: str) -> None:
    assert switches().marked_network(edit.format(switches().mark(ID))) is None
