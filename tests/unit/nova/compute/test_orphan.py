"""Which VM counts as left by a build of a server in this cluster: each rule by itself."""

from dataclasses import replace

import pytest

from polyvisor.nova.compute.orphan import Found

SERVER = "00000000-0000-4000-8000-000000000001"
LEFT = Found(
    name=SERVER, cluster="domain-c1", manager="org.openstack.compute", instance_uuid=SERVER, nova_uuid=SERVER
)


def stays(found: Found) -> str | None:
    return found.reason_to_stay(SERVER, "domain-c1")


def test_made_by_nova_for_this_server_in_this_cluster() -> None:
    assert stays(LEFT) is None


@pytest.mark.parametrize("cluster", ["domain-c2", None])
def test_in_another_cluster(cluster: str | None) -> None:
    assert "another cluster" in (stays(replace(LEFT, cluster=cluster)) or "")


@pytest.mark.parametrize("manager", ["com.example.backup", "", None])
def test_not_made_by_nova(manager: str | None) -> None:
    assert "not made by Nova" in (stays(replace(LEFT, manager=manager)) or "")


@pytest.mark.parametrize("nova_uuid", [None, "", "00000000-0000-4000-8000-00000000000f"])
def test_made_for_another_server(nova_uuid: str | None) -> None:
    assert "nvp.vm-uuid" in (stays(replace(LEFT, nova_uuid=nova_uuid)) or "")


@pytest.mark.parametrize("instance_uuid", [None, "00000000-0000-4000-8000-00000000000f"])
def test_a_copy_of_it_that_somebody_made(instance_uuid: str | None) -> None:
    assert "instance UUID" in (stays(replace(LEFT, instance_uuid=instance_uuid)) or "")
