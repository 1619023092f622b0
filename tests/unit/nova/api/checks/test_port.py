"""Which ports are refused for a new server."""

from typing import Any

import pytest
import webob.exc
from nova.context import RequestContext

from polyvisor.nova.api.checks import port
from tests.unit.nova.neutron_double import NETWORK, PORT, Neutron

OWNER = RequestContext("user", "project", is_admin=False)
NICS = [{"port": PORT}, {"uuid": NETWORK}]


@pytest.fixture
def free(cloud: Neutron) -> dict[str, Any]:
    cloud.port |= {"project_id": "project", "device_id": ""}
    return cloud.port


def test_one_question_for_all(cloud: Neutron, free: dict[str, Any]) -> None:
    assert port.read(OWNER, NICS) == [free]
    assert port.read(OWNER, NICS[1:]) == ()
    assert cloud.asked == ["ports"]


def test_a_port_in_use(free: dict[str, Any]) -> None:
    free["device_id"] = "a-server"
    with pytest.raises(
        webob.exc.HTTPConflict, match=rf"{PORT} on network {NETWORK}, .*10\.0\.0\.4.* a-server\. Name"
    ):
        port.read(OWNER, NICS)


@pytest.mark.parametrize("change", [{"project_id": "another"}, {"id": "another"}])
def test_no_port_of_the_project(free: dict[str, Any], change: dict[str, str]) -> None:
    free |= change
    with pytest.raises(webob.exc.HTTPBadRequest, match=f"Project project has no port {PORT}"):
        port.read(OWNER, NICS)
