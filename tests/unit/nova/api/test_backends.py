"""A volume does not leave its backend."""

from types import SimpleNamespace
from typing import Any

import pytest
import webob.exc
from keystoneauth1 import exceptions
from nova.volume import cinder

from polyvisor.nova.api import backends

HOME = "volume1@vcenter#vcenter"


class Cinder:
    """Cinder's client, as far as it is asked."""

    def __init__(self, **report: Any) -> None:
        self.volumes = SimpleNamespace(get=lambda _id: SimpleNamespace(**{"os-vol-host-attr:host": HOME}))
        self.pools = SimpleNamespace(list=lambda **_: [SimpleNamespace(name=HOME, **report)])


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> Cinder:
    made = Cinder(polyvisor_datastores=["datastore-1", "datastore-2"])
    monkeypatch.setattr(cinder, "cinderclient", lambda *_: made)
    return made


def test_within_its_backend() -> None:
    backends.check({"one": "datastore-1", "two": "datastore-2"})


def test_the_datastore_is_of_another_backend() -> None:
    with pytest.raises(webob.exc.HTTPBadRequest, match=r"two.*none of its backend.*openstack volume migrate"):
        backends.check({"one": "datastore-1", "two": "datastore-3"})


def test_the_backend_does_not_say_what_it_has(client: Cinder) -> None:
    client.pools.list = lambda **_: [SimpleNamespace(name=HOME)]
    with pytest.raises(webob.exc.HTTPBadRequest, match="does not say which datastores it has"):
        backends.check({"one": "datastore-1"})


def test_cinder_does_not_answer(client: Cinder) -> None:
    def refuse(_id: str) -> None:
        raise exceptions.ConnectFailure("no route")

    client.volumes.get = refuse
    with pytest.raises(webob.exc.HTTPServiceUnavailable, match="no route"):
        backends.check({"one": "datastore-1"})
