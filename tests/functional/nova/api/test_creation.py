"""POST /servers with a wish: refused before anything is built, or handed on to Nova untouched."""

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from nova import exception
from pyVmomi import vim

from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud, connect

SERVERS = "/v2.1/servers"


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


@pytest.fixture
def two_clusters(cloud: Cloud, running: VCenter) -> Cloud:
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute2", running, "cluster2")
    return cloud


@pytest.fixture
def session(running: VCenter) -> Iterator[Session]:
    session = connect(running)
    yield session
    session.close()


@pytest.fixture(autouse=True)
def no_image() -> Iterator[mock.Mock]:
    """Stop Nova at its first step beyond our filter: its image client, which knows no image."""
    with mock.patch("nova.image.glance.API.get", side_effect=exception.ImageNotFound(image_id="x")) as get:
        yield get


def request(cloud: Cloud, metadata: dict[str, Any], **more: Any) -> dict[str, Any]:
    server = {
        "name": "web",
        "flavorRef": more.pop("flavor", None) or cloud.add_flavor(),
        "imageRef": "4a3f2b1c-7d6c-4c2e-9a6e-0d2f3c0b9e11",
        "networks": "none",
        "metadata": metadata,
    }
    return {"server": server | more}


def create(cloud: Cloud, metadata: dict[str, Any], *, status: int = 400, **more: Any) -> str:
    """Ask for a server and return the message of the answer."""
    headers = cloud.member | {"OpenStack-API-Version": "compute 2.96"}
    response = cloud.app.post_json(SERVERS, request(cloud, metadata, **more), headers=headers, status=status)
    [fault] = response.json.values()
    return str(fault["message"])


def assert_reaches_nova(cloud: Cloud, metadata: dict[str, Any], **more: Any) -> None:
    assert create(cloud, metadata, **more) == "Can not find requested image"


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"color": "blue"},
        {"vmware:host": "esx11"},
        {"vmware:datastore": "shared1"},
        {"vmware:host": "esx21", "vmware:datastore": "shared1"},
        {"VMware:Host": "esx11", "VMWARE:DATASTORE": "cluster1-ssd"},
    ],
)
def test_a_place_that_can_take_the_server_goes_on_to_nova(
    two_clusters: Cloud, metadata: dict[str, str]
) -> None:
    assert_reaches_nova(two_clusters, metadata)


def test_a_host_may_be_named_by_its_moref(two_clusters: Cloud, session: Session) -> None:
    assert_reaches_nova(two_clusters, {"vmware:host": moref(session, vim.HostSystem, "esx12")})


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"vmware:host": "esx99"}, ["esx99"]),
        ({"vmware:datastore": "nowhere"}, ["nowhere"]),
        ({"vmware:host": "esx11", "vmware:datastore": "esx12-local"}, ["esx11", "esx12-local"]),
        ({"vmware:host": "esx11", "vmware:datastore": "cluster2-ssd"}, ["cluster2-ssd"]),
        ({"vmware:host": "esx11", "VMware:Host": "esx12"}, ["VMware:Host", "vmware:host"]),
        ({"vmware:host": ""}, ["vmware:host", "empty"]),
        ({"vmware:datastore": "  "}, ["vmware:datastore", "empty"]),
    ],
)
def test_a_place_that_is_not_there_is_refused_by_name(
    two_clusters: Cloud, no_image: mock.Mock, metadata: dict[str, str], told: list[str]
) -> None:
    message = create(two_clusters, metadata)
    assert all(word in message for word in told), message
    no_image.assert_not_called()


def test_a_host_in_maintenance_is_refused(two_clusters: Cloud, session: Session) -> None:
    host = session.managed_object(vim.HostSystem, moref(session, vim.HostSystem, "esx14"))
    wait_for_task(session, session.call(host.EnterMaintenanceMode, 0), timeout=10)
    try:
        message = create(two_clusters, {"vmware:host": "esx14"})
    finally:
        wait_for_task(session, session.call(host.ExitMaintenanceMode, 0), timeout=10)
    assert "esx14" in message
    assert "maintenance" in message


def test_a_disconnected_host_is_refused(two_clusters: Cloud, session: Session) -> None:
    host = session.managed_object(vim.HostSystem, moref(session, vim.HostSystem, "esx13"))
    wait_for_task(session, session.call(host.Disconnect), timeout=10)
    try:
        message = create(two_clusters, {"vmware:host": "esx13"})
    finally:
        wait_for_task(session, session.call(host.Reconnect), timeout=10)
    assert "esx13" in message
    assert "disconnected" in message


@pytest.mark.parametrize(
    ("flavor", "more"),
    [
        ({"root_gb": 10**6}, {}),
        ({"root_gb": 1, "ephemeral_gb": 10**6}, {}),
        ({"root_gb": 1, "swap": 10**9}, {}),
    ],
)
def test_disks_that_do_not_fit_are_refused(
    two_clusters: Cloud, flavor: dict[str, int], more: dict[str, Any]
) -> None:
    message = create(
        two_clusters, {"vmware:datastore": "shared1"}, flavor=two_clusters.add_flavor(**flavor), **more
    )
    assert "shared1" in message
    assert "GiB" in message


def test_servers_of_one_request_need_room_for_all(two_clusters: Cloud) -> None:
    body = two_clusters.app.get(
        "/v2.1/os-vmware-datastores?datastore=shared1", headers=two_clusters.admin
    ).json
    free_gb = body["datastores"][0]["free_bytes"] // 2**30
    flavor = two_clusters.add_flavor(root_gb=free_gb * 2 // 3)
    wish = {"vmware:datastore": "shared1"}
    assert_reaches_nova(two_clusters, wish, flavor=flavor)
    assert "shared1" in create(two_clusters, wish, flavor=flavor, min_count=2)


def test_a_root_disk_on_a_volume_needs_no_room(two_clusters: Cloud) -> None:
    volume = {
        "boot_index": 0,
        "source_type": "image",
        "uuid": "4a3f2b1c-7d6c-4c2e-9a6e-0d2f3c0b9e11",
        "destination_type": "volume",
        "volume_size": 10,
    }
    flavor = two_clusters.add_flavor(root_gb=10**6)
    assert_reaches_nova(
        two_clusters, {"vmware:datastore": "shared1"}, flavor=flavor, block_device_mapping_v2=[volume]
    )


class TestZone:
    def test_the_zone_of_the_host_is_fine(self, two_clusters: Cloud) -> None:
        assert_reaches_nova(two_clusters, {"vmware:host": "esx21"}, availability_zone="zone-cluster2")

    def test_another_zone_is_refused(self, two_clusters: Cloud) -> None:
        message = create(two_clusters, {"vmware:host": "esx21"}, availability_zone="zone-cluster1")
        assert all(word in message for word in ("esx21", "cluster2", "zone-cluster2", "zone-cluster1"))

    def test_the_default_zone_counts(self, two_clusters: Cloud) -> None:
        two_clusters.conf.config(default_schedule_zone="zone-cluster1")
        assert "zone-cluster1" in create(two_clusters, {"vmware:host": "esx21"})

    def test_a_forced_compute_host_counts(self, two_clusters: Cloud) -> None:
        message = create(two_clusters, {"vmware:host": "esx21"}, availability_zone="any:compute1")
        assert "compute1" in message

    def test_a_requested_compute_host_counts(self, two_clusters: Cloud) -> None:
        assert "compute1" in create(two_clusters, {"vmware:host": "esx21"}, host="compute1")

    def test_a_disabled_compute_is_not_chosen(self, two_clusters: Cloud) -> None:
        two_clusters.disable("compute2")
        assert "disabled" in create(two_clusters, {"vmware:host": "esx21"})

    def test_a_zone_without_vmware_is_refused(self, two_clusters: Cloud) -> None:
        two_clusters.add_compute("kvm1", "kvm1", zone="kvm", hypervisor="QEMU")
        assert "kvm" in create(two_clusters, {"vmware:datastore": "shared1"}, availability_zone="kvm")


class TestUnavailable:
    def test_a_dead_cluster_that_might_have_the_host_is_503(self, two_clusters: Cloud) -> None:
        two_clusters.force_down("compute2")
        assert "compute2" in create(two_clusters, {"vmware:host": "esx21"}, status=503)

    def test_a_dead_cluster_does_not_hide_what_a_living_one_knows(self, two_clusters: Cloud) -> None:
        two_clusters.force_down("compute2")
        assert_reaches_nova(two_clusters, {"vmware:host": "esx11"})
        assert "esx12-local" in create(
            two_clusters, {"vmware:host": "esx11", "vmware:datastore": "esx12-local"}
        )

    def test_a_cloud_without_vmware_refuses(self, cloud: Cloud) -> None:
        assert "VMware" in create(cloud, {"vmware:host": "esx11"})


class TestBody:
    """What Nova refuses by itself stays Nova's to refuse, and nothing slips through between the two."""

    @pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'"x"', b"{}", b'{"server": 1}', b""])
    def test_what_is_no_request_gets_novas_error(self, two_clusters: Cloud, body: bytes) -> None:
        two_clusters.app.post(
            SERVERS, body, headers=two_clusters.member, content_type="application/json", status=400
        )

    def test_an_unknown_flavor_gets_novas_error(self, two_clusters: Cloud) -> None:
        message = create(two_clusters, {"vmware:host": "esx11"}, flavor="no-such-flavor")
        assert "no-such-flavor could not be found" in message

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
    def test_the_content_type_does_not_matter(self, two_clusters: Cloud, content_type: str) -> None:
        headers = two_clusters.member | {"OpenStack-API-Version": "compute 2.96"}
        response = two_clusters.app.post_json(
            SERVERS,
            request(two_clusters, {"vmware:host": "esx99"}),
            headers=headers,
            content_type=content_type,
            status=400,
        )
        assert "esx99" in response.text

    def test_the_last_of_repeated_json_keys_counts_as_in_nova(self, two_clusters: Cloud) -> None:
        once = json.dumps(request(two_clusters, {"vmware:host": "esx11"}))
        twice = once.replace('"vmware:host"', '"vmware:host": "esx11", "vmware:host"').replace(
            '"esx11"}', '"esx99"}'
        )
        headers = two_clusters.member | {"OpenStack-API-Version": "compute 2.96"}
        response = two_clusters.app.post(
            SERVERS, twice, headers=headers, content_type="application/json", status=400
        )
        assert "esx99" in response.text

    @pytest.mark.parametrize(
        "path",
        [
            "/v2.1/{project}/servers",
            "/v2/{project}/servers",
            "/v2.1/os-volumes_boot",
            "/v2.1/{project}/os-volumes_boot",
        ],
    )
    def test_other_spellings_of_the_path_are_checked_too(self, two_clusters: Cloud, path: str) -> None:
        body = request(two_clusters, {"vmware:host": "esx99"})
        path = path.format(project=two_clusters.project)
        response = two_clusters.app.post_json(path, body, headers=two_clusters.member, status=400)
        assert "esx99" in response.text

    def test_an_overridden_method_is_checked_too(self, two_clusters: Cloud) -> None:
        response = two_clusters.app.put_json(
            f"{SERVERS}?_method=POST",
            request(two_clusters, {"vmware:host": "esx99"}),
            headers=two_clusters.member | {"OpenStack-API-Version": "compute 2.96"},
            status=400,
        )
        assert "esx99" in response.text


def test_policy_decides_who_may_name_a_place(two_clusters: Cloud) -> None:
    two_clusters.set_policy({"os-vmware-placement:request": "rule:context_is_admin"})
    message = create(two_clusters, {"vmware:host": "esx11"}, status=403)
    assert "os-vmware-placement:request" in message
    assert_reaches_nova(two_clusters, {})


def moref(session: Session, kind: Any, name: str) -> str:
    found = collect(session, kind, ["name"])
    return next(key for key, properties in found.items() if properties["name"] == name)
