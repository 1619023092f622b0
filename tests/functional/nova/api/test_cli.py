"""The commands, as typed: python-openstackclient's own shell against the API over HTTP."""

import csv
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import yaml

from tests.functional.conftest import StartVCenter, VCenter
from tests.functional.nova.api.conftest import Cloud, give_identity

Finished = subprocess.CompletedProcess[str]
Openstack = Callable[..., Finished]


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter("-vms", "8")


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass


@pytest.fixture
def endpoint(cloud: Cloud, running: VCenter) -> Iterator[str]:
    cloud.serve("compute1", running, "cluster1")
    cloud.serve("compute2", running, "cluster2")
    with make_server("127.0.0.1", 0, cloud.app.app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v2.1"
        server.shutdown()
        thread.join()


@pytest.fixture
def openstack(cloud: Cloud, endpoint: str) -> Openstack:
    """Run a command as the administrator and give it back when it has ended."""
    settings = {
        "OS_AUTH_TYPE": "admin_token",
        "OS_ENDPOINT": endpoint,
        "OS_TOKEN": cloud.admin["X-Auth-Token"],
    }

    def run(*command: str) -> Finished:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "openstackclient.shell", *command],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env=os.environ | settings,
        )

    return run


def test_hosts_read_well_and_parse_exactly(openstack: Openstack) -> None:
    table = openstack("vmware", "host", "list", "--cluster", "cluster2").stdout
    assert "esx21" in table
    assert "esx11" not in table
    assert "512.0 GiB" in table
    [host] = json.loads(openstack("vmware", "host", "list", "--host", "esx21", "--long", "-f", "json").stdout)
    assert host["Memory"] == 512 * 2**30
    assert "shared1" in host["Datastores"]
    assert host["Cluster"] == "cluster2"


def test_datastores_read_well_and_parse_exactly(openstack: Openstack) -> None:
    command = ("vmware", "datastore", "list", "--datastore", "shared1", "--long")
    assert " GiB" in openstack(*command).stdout
    [shared] = json.loads(openstack(*command, "-f", "json").stdout)
    assert shared["Clusters"] == ["cluster1", "cluster2"]
    assert shared["Capacity"] > 2**30
    assert len(shared["Hosts"]) == 8
    assert yaml.safe_load(openstack(*command, "-f", "yaml").stdout) == [shared]
    [row] = csv.DictReader(io.StringIO(openstack(*command, "-f", "csv").stdout))
    assert row["Capacity"] == str(shared["Capacity"])
    assert openstack(*command, "-f", "value", "-c", "Name").stdout == "shared1\n"


def test_all_pages_are_followed_up_to_the_number_wanted(openstack: Openstack) -> None:
    command = ("vmware", "host", "list", "-f", "json", "--limit", "3")
    everything = json.loads(openstack(*command).stdout)
    assert len(everything) == 8
    assert json.loads(openstack(*command, "--max-items", "4").stdout) == everything[:4]


def test_what_is_missing_is_said_beside_the_output(openstack: Openstack, cloud: Cloud) -> None:
    cloud.force_down("compute2")
    finished = openstack("vmware", "host", "list", "-f", "json")
    assert len(json.loads(finished.stdout)) == 4
    assert "Incomplete: Compute service compute2 did not answer" in finished.stderr
    assert finished.returncode == 0


def test_an_error_of_the_api_is_the_commands_error(openstack: Openstack, cloud: Cloud) -> None:
    cloud.force_down("compute1")
    cloud.force_down("compute2")
    finished = openstack("vmware", "host", "list")
    assert "No VMware cluster can be asked" in finished.stderr
    assert finished.returncode == 1


@pytest.mark.usefixtures("no_security_groups")
def test_the_placement_of_a_server_by_name(openstack: Openstack, cloud: Cloud, running: VCenter) -> None:
    server = cloud.add_server("compute1", **{"vmware:host": "elsewhere"})
    give_identity(running, "cluster1", server)
    assert "elsewhere" in openstack("server", "vmware", "placement", "show", "server").stdout
    shown = json.loads(openstack("server", "vmware", "placement", "show", server, "-f", "json").stdout)
    assert shown["server_id"] == server
    assert shown["cluster"] == "cluster1"
    assert shown["host"].startswith("esx1")
    assert shown["disks"][0]["capacity_bytes"] > 0
    assert shown["requested"]["fulfilled"] is False


@pytest.mark.usefixtures("no_security_groups")
def test_a_server_that_is_not_there(openstack: Openstack) -> None:
    finished = openstack("server", "vmware", "placement", "show", "no-such-server")
    assert "no-such-server" in finished.stderr
    assert finished.returncode == 1
