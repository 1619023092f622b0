import dataclasses
from pathlib import Path

import pytest

from polyvisor.sandbox import settings


def test_each_service_has_a_port_of_its_own_counted_from_the_base() -> None:
    ports = settings.ports_from(30000, {})
    assert set(ports) == set(settings.PORT_OFFSETS)
    assert len(set(ports.values())) == len(ports)
    assert min(ports.values()) == 30000


def test_a_port_can_be_set_by_name() -> None:
    ports = settings.ports_from(30000, {"nova": 8774})
    assert ports["nova"] == 8774
    assert ports["glance"] == settings.ports_from(30000, {})["glance"]


@pytest.mark.parametrize(
    ("base", "overrides", "message"),
    [
        (30000, {"nowa": 8774}, "no service is called 'nowa'"),
        (30000, {"nova": 80}, "port 80 for nova is outside 1024-65535"),
        (65530, {}, "choose another --port or --port-base"),
        (30000, {"nova": 30010}, "port 30010 is given to both keystone and nova"),
    ],
)
def test_ports_that_cannot_be_are_refused_by_name(base: int, overrides: dict[str, int], message: str) -> None:
    with pytest.raises(settings.SettingsError, match=message):
        settings.ports_from(base, overrides)


def test_the_openstacks_share_what_they_stand_on_and_nothing_else(tmp_path: Path) -> None:
    made = settings.create(tmp_path, port_base=30000, ports=settings.ports_from(30000, {}), vms=1)
    first, second = dataclasses.replace(made, second=True).openstacks
    same = {name for name in second.ports if second.ports[name] == first.ports[name]}
    assert same == set(settings.SHARED_PORTS)
    for name in ("admin", "demo", "service", "database", "metadata"):
        assert second.secrets[name] != first.secrets[name]
    assert second.etc != first.etc
    assert second.data != first.data
    assert second.root == first.root


def test_secrets_are_not_in_the_representation(tmp_path: Path) -> None:
    made = settings.create(tmp_path, port_base=30000, ports=settings.ports_from(30000, {}), vms=1)
    assert all(len(secret) > 20 for secret in made.secrets.values())
    assert not any(secret in repr(made) for secret in made.secrets.values())
