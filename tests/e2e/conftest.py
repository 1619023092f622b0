"""One whole sandbox for each process of pytest-xdist, on other ports than a demo that is running.

While writing tests, `POLYVISOR_E2E_KEEP=1` keeps the sandbox for the next run, and `POLYVISOR_E2E_PORT_BASE`
gives a second run of tests at the same time a sandbox of its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from keystoneauth1 import exceptions as keystone_exceptions
from openstack import exceptions

from polyvisor.sandbox import (
    cloud,
    configuration,
    govc,
    inventory,
    probes,
    settings,
    supervision,
    vcenter,
)
from polyvisor.vsphere.session import Session
from tests.e2e.adopter import Adopter
from tests.e2e.volumes import Volumes

#: Ports of a sandbox are within so many of its base.
PORTS = 500
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT_BASE = int(os.environ.get("POLYVISOR_E2E_PORT_BASE", "31000")) + PORTS * WORKER
ROOT = Path(tempfile.gettempdir()) / f"polyvisor-e2e-{os.getuid()}-{PORT_BASE}"
KEEP = bool(os.environ.get("POLYVISOR_E2E_KEEP"))
UP_SECONDS = 900  # what changes the configuration starts everything anew, on two clouds perhaps
COMMAND_SECONDS = 120


def run_polyvisor(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, on the sandbox of these tests."""
    command = [str(Path(sys.prefix) / "bin" / "polyvisor"), "sandbox", "--root", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=UP_SECONDS, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


class Lab:
    """The sandbox, and what tests do to it."""

    def __init__(self, made: settings.Settings) -> None:
        self.settings = made
        self.supervisor = supervision.Supervisor(made)
        self.admin = cloud.connect(made, "admin")
        self.tenant = cloud.connect(made, "demo")
        self.image = self.tenant.image.find_image(cloud.IMAGE).id
        self.network = self.tenant.network.find_network(cloud.NETWORK).id

    def govc(self, *arguments: str) -> str:
        """Ask vCenter by a client that is not ours."""
        return govc.run(self.settings, *arguments)

    def openstack(self, *arguments: str, as_cloud: str = "demo") -> subprocess.CompletedProcess[str]:
        """Run python-openstackclient as a user does."""
        environment = os.environ | configuration.client_environment(self.settings, as_cloud)
        command = [str(Path(sys.prefix) / "bin" / "openstack"), *arguments]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )

    def openstack_json(self, *arguments: str, as_cloud: str = "demo") -> Any:
        """The JSON that a command prints; it must succeed."""
        done = self.openstack(*arguments, "-f", "json", as_cloud=as_cloud)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def request(self, flavor: str = "tiny", **wishes: Any) -> Any:
        """Ask for a server as the tenant. ``host`` and ``datastore`` become its metadata."""
        metadata = wishes.pop("metadata", {})
        metadata |= {f"vmware:{name}": wishes.pop(name) for name in ("host", "datastore") if name in wishes}
        arguments = {"networks": [{"uuid": self.network}], "image_id": self.image} | wishes
        return self.tenant.compute.create_server(
            name=f"e2e-{uuid.uuid4().hex[:8]}",
            flavor_id=self.tenant.compute.find_flavor(flavor).id,
            metadata=metadata,
            **arguments,
        )

    def wait(self, server: Any, status: str, seconds: int = 120) -> Any:
        """The server, when it has reached a status."""
        return self.tenant.compute.wait_for_server(
            server, status=status, failures=["ERROR"] if status != "ERROR" else [], interval=0.5, wait=seconds
        )

    def build(self, flavor: str = "tiny", **wishes: Any) -> Any:
        """A server that is ACTIVE."""
        return self.wait(self.request(flavor, **wishes), "ACTIVE")

    def place(self, server: Any) -> tuple[str, list[str]]:
        """ESXi host and datastores of a server's VM, by govc."""
        return govc.vm_host_and_datastores(self.settings, server.id)

    def delete(self, server: Any) -> None:
        """Delete a server and see it gone."""
        self.tenant.compute.delete_server(server, ignore_missing=True)
        # Not `wait_for_delete`: it is content with status DELETED, when Nova still counts the server.
        self.until(lambda: self.tenant.compute.find_server(server.id) is None, "the server to go", 120)

    def traces(self, server: Any) -> list[str]:
        """What is left of a server: VMs, datastore folders, Neutron ports."""
        left = govc.vm_paths(self.settings, server.id)
        left += [f"port {port.id}" for port in self.tenant.network.ports(device_id=server.id)]
        for datastore in self.govc("find", "/", "-type", "s").splitlines():
            files = self.govc("datastore.ls", "-ds", datastore).splitlines()
            left += [f"{datastore}: {file}" for file in files if server.id in file]
        return left

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        """Have the vCenter simulator fail as the rules say; no rules, no faults."""
        self._faults("PUT", json={"rules": rules})

    def faults_hit(self) -> int:
        """How often calls have met the rules that are set now."""
        return sum(rule["hits"] for rule in self._faults("GET").json()["rules"])

    def _faults(self, method: str, **content: Any) -> requests.Response:
        url = f"https://127.0.0.1:{self.settings.ports['vcenter']}/faults"
        user = (inventory.USERNAME, self.settings.secrets["vcenter"])
        answer = requests.request(
            method, url, auth=user, verify=str(self.settings.ca_file), timeout=10, **content
        )
        answer.raise_for_status()
        return answer

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for a condition."""
        probes.wait(lambda: None if condition() else what, seconds, lambda _: None)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    if not KEEP:
        run_polyvisor("reset", "--yes")
    try:
        run_polyvisor("up", "--port-base", str(PORT_BASE), "--vms", "24", "--kvm")
        made = settings.load(ROOT)
        assert made is not None
        yield Lab(made)
    finally:
        if not KEEP:
            run_polyvisor("reset", "--yes")


@pytest.fixture
def polyvisor(lab: Lab) -> Callable[..., subprocess.CompletedProcess[str]]:
    """`polyvisor sandbox ...` on the sandbox of these tests."""
    return run_polyvisor


def _servers(lab: Lab) -> Iterator[list[Any]]:
    """Servers to be deleted afterwards, and looked after: nothing of them may be left."""
    made: list[Any] = []
    yield made
    for server in made:
        lab.delete(server)
    assert [trace for server in made for trace in lab.traces(server)] == []


servers = pytest.fixture(_servers)
module_servers = pytest.fixture(_servers, scope="module")


@pytest.fixture
def faults(lab: Lab) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    yield lab.set_faults
    lab.set_faults([])


def _volumes(lab: Lab) -> Iterator[Volumes]:
    """Volumes that are deleted afterwards, and leave no VM."""
    find = ("find", "/", "-type", "m", "-name", "volume-*")
    before = lab.govc(*find).split()
    tenants = Volumes(lab)
    yield tenants
    for volume in list(reversed(tenants.made)):
        # Cinder hears of the end of a server after Nova's users do.
        tenants.wait(volume, "available")
        tenants.delete(volume)
    assert lab.govc(*find).split() == before


volumes = pytest.fixture(_volumes)
module_volumes = pytest.fixture(_volumes, scope="module")


@pytest.fixture
def session(lab: Lab) -> Iterator[Session]:
    made = vcenter.connect(lab.settings, inventory.FIRST_VCENTER)
    yield made
    made.close()


@pytest.fixture
def adopter(lab: Lab, session: Session) -> Iterator[Adopter]:
    made = Adopter(lab, session)
    yield made
    made.clean_up()


@pytest.fixture
def standard_switches(lab: Any) -> Iterator[None]:
    """Let the networks of cluster2 be on standard switches, and those of cluster1 on the distributed one."""
    file = lab.settings.etc / "neutron" / "ml2_conf.ini"
    before = file.read_text()
    after = before[before.index("[vmware_compute:compute2]") :]
    standard = after.replace("physnet1:dvs1", "physnet1:vSwitch0\nswitch_type = vss", 1)
    file.write_text(before.replace(after, standard))
    _restart_neutron(lab)
    yield
    file.write_text(before)
    _restart_neutron(lab)


def _restart_neutron(lab: Any) -> None:
    for name in ("neutron", "neutron-rpc-server", "neutron-periodic-workers"):
        lab.supervisor.restart(name)
    lab.until(lambda: _answers(lab), "Neutron's API", 180)


def _answers(lab: Any) -> bool:
    try:
        return bool(lab.admin.network.find_network(lab.network))
    except (exceptions.SDKException, keystone_exceptions.ClientException):
        return False
