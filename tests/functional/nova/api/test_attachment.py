"""Volumes of one vCenter for servers of another."""

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from nova import exception, objects
from nova.compute.utils import EventReporter

from tests.functional.nova.api.conftest import Cloud

OWN, OTHER = str(uuid.uuid4()), str(uuid.uuid4())
POOLS = {
    f"volume1@{name}#{name}": vcenter for name, vcenter in (("own", OWN), ("other", OTHER), ("lvm", None))
}
ADMIN = "notused"  # what Nova's client sends with `auth_type = none`


class Cinder(ThreadingHTTPServer):
    """Cinder's volumes and pools, as an administrator sees them; users see no volume."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.volumes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.broken = False

    def add(self, pool: str, project: str) -> str:
        volume = str(uuid.uuid4())
        self.volumes[volume] = {
            "id": volume,
            "os-vol-host-attr:host": f"volume1@{pool}#{pool}",
            "os-vol-tenant-attr:tenant_id": project,
        }
        return volume


class _Handler(BaseHTTPRequestHandler):
    server: Cinder

    def do_GET(self) -> None:
        if self.headers["X-Auth-Token"] != ADMIN:
            self._answer(404, {"itemNotFound": {"code": 404, "message": "not found"}})
            return
        self.server.asked.append(self.path)
        last = self.path.rpartition("/")[2]
        if self.server.broken:
            self._answer(503, {})
        elif last.startswith("get_pools"):
            pools = [{"name": name, "capabilities": {"vcenter_uuid": POOLS[name]}} for name in POOLS]
            self._answer(200, {"pools": pools})
        elif last in self.server.volumes:
            self._answer(200, {"volume": self.server.volumes[last]})
        else:
            self._answer(404, {})

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cinder(cloud: Cloud) -> Iterator[Cinder]:
    with Cinder() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/v3/%(project_id)s"
        cloud.conf.config(group="cinder", auth_type="none", endpoint_template=url)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def one_vcenter(cloud: Cloud) -> Cloud:
    cloud.add_compute("compute1", f"domain-c8.{OWN}")
    cloud.add_compute("compute2", f"domain-c9.{OWN}")
    return cloud


@pytest.fixture
def two_vcenters(one_vcenter: Cloud) -> Cloud:
    one_vcenter.add_compute("compute3", f"domain-c8.{OTHER}")
    one_vcenter.add_compute("kvm1", "kvm1.example.org", hypervisor="QEMU")
    return one_vcenter


def attach(cloud: Cloud, server: str, body: Any, status: int) -> str:
    url = f"/v2.1/servers/{server}/os-volume_attachments"
    return str(cloud.app.post_json(url, body, headers=cloud.member, status=status).text)


def ask(cloud: Cloud, server: str, volume: str, status: int) -> str:
    return attach(cloud, server, {"volumeAttachment": {"volumeId": volume}}, status)


def goes_on(cloud: Cloud, server: str, volume: str) -> bool:
    """Tell whether Nova asks for the volume on behalf of the user, who sees none here."""
    return f"Volume {volume} could not be found" in ask(cloud, server, volume, status=404)


def test_a_volume_of_another_vcenter_is_refused(two_vcenters: Cloud, cinder: Cinder) -> None:
    server, volume = two_vcenters.add_server("compute1"), cinder.add("other", two_vcenters.project)
    told = ask(two_vcenters, server, volume, status=400)
    for named in (volume, OTHER, server, OWN, "openstack image create --volume"):
        assert named in told


@pytest.mark.parametrize("pool", ["own", "lvm", "gone"])
def test_others_go_on_to_nova(two_vcenters: Cloud, cinder: Cinder, pool: str) -> None:
    server = two_vcenters.add_server("compute2")
    assert goes_on(two_vcenters, server, cinder.add(pool, two_vcenters.project))


def test_nothing_is_told_of_the_volumes_of_other_projects(two_vcenters: Cloud, cinder: Cinder) -> None:
    server = two_vcenters.add_server("compute1")
    assert goes_on(two_vcenters, server, cinder.add("other", uuid.uuid4().hex))


def test_with_one_vcenter_cinder_is_not_asked(one_vcenter: Cloud, cinder: Cinder) -> None:
    server = one_vcenter.add_server("compute1")
    assert goes_on(one_vcenter, server, cinder.add("other", one_vcenter.project))
    assert cinder.asked == []


@pytest.mark.parametrize("host", ["kvm1", None])
def test_for_a_server_of_no_vcenter_cinder_is_not_asked(
    two_vcenters: Cloud, cinder: Cinder, host: str | None
) -> None:
    server = two_vcenters.add_server(host)
    assert goes_on(two_vcenters, server, cinder.add("other", two_vcenters.project))
    assert cinder.asked == []


def test_what_cinder_does_not_tell_is_left_to_the_volume_driver(two_vcenters: Cloud, cinder: Cinder) -> None:
    server, volume = two_vcenters.add_server("compute1"), cinder.add("other", two_vcenters.project)
    cinder.broken = True
    assert goes_on(two_vcenters, server, volume)


@pytest.mark.parametrize("volume", ["../../volumes", "", None, 5, ["x"]])
def test_what_is_no_id_does_not_reach_cinder(two_vcenters: Cloud, cinder: Cinder, volume: Any) -> None:
    server = two_vcenters.add_server("compute1")
    attach(two_vcenters, server, {"volumeAttachment": {"volumeId": volume}}, status=400)
    assert cinder.asked == []


@pytest.mark.parametrize("body", [{}, {"volumeAttachment": None}, [], None])
def test_what_is_no_attachment_is_refused_by_nova(two_vcenters: Cloud, body: Any) -> None:
    attach(two_vcenters, two_vcenters.add_server("compute1"), body, status=400)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            exception.InvalidInput(
                reason="Invalid input received: the volume is elsewhere. (HTTP 400) (Request-ID: req-1)"
            ),
            "the volume is elsewhere.",
        ),
        (exception.CinderConnectionFailed(reason="http://10.0.0.1:8776 is away"), "Error"),
        (RuntimeError("at 10.0.0.1"), "Error"),
    ],
)
def test_the_users_see_why_the_volume_driver_refused(one_vcenter: Cloud, error: Exception, told: str) -> None:
    server = one_vcenter.add_server("compute1")
    with one_vcenter.targeted() as cell:
        objects.InstanceAction.action_start(cell, server, "attach_volume")
        with pytest.raises(type(error)), EventReporter(cell, "compute_attach_volume", "compute1", server):
            raise error
        request = cell.request_id
    url = f"/v2.1/servers/{server}/os-instance-actions"
    [listed] = one_vcenter.app.get(url, headers=one_vcenter.member).json["instanceActions"]
    shown = one_vcenter.app.get(f"{url}/{request}", headers=one_vcenter.member).json["instanceAction"]
    assert listed["message"] == shown["message"] == told
