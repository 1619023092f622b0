"""Nova's real compute API with our filter in its pipeline: paste, Keystone middleware, policy, database, RPC.

Replaced are only the network boundaries: tokens are known to the Keystone middleware beforehand, the message
bus is oslo.messaging's in-process `fake:/`, the database SQLite. On the other side of the bus are the real
endpoints of two compute services, which ask a real simulator process.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import nova.conf
import nova.context
import nova.policy
import pytest
import webtest
from keystoneauth1 import fixture as keystone_fixture
from keystonemiddleware.fixture import AuthTokenFixture
from nova import config, objects, rpc
from nova.db import migration
from nova.db.api import api as api_db
from nova.db.main import api as main_db
from nova.network.model import NetworkInfo
from oslo_config import fixture as config_fixture
from oslo_db.sqlalchemy import enginefacade
from oslo_db.sqlalchemy.test_fixtures import ReplaceEngineFacadeFixture
from oslo_utils import timeutils
from paste import deploy
from pyVmomi import vim

from polyvisor.nova.api import policies
from polyvisor.nova.compute import endpoint
from polyvisor.nova.compute.cluster import Cluster
from polyvisor.nova.compute.journal import OPERATIONS, Journal
from polyvisor.nova.compute.operation import Operations
from polyvisor.nova.compute.snapshot_endpoint import KINDS, SnapshotEndpoint
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import VCenter

CONF = nova.conf.CONF
objects.register_all()

BEFORE = "compute_req_id faultwrap sizelimit authtoken keystonecontext"
PASTE = """
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/v2/+: legacy
/v2.1/+: current

[composite:current]
use = call:nova.api.auth:pipeline_factory_v21
keystone = {before} polyvisor osapi_compute_app_v21

[composite:legacy]
use = call:nova.api.auth:pipeline_factory_v21
keystone = {before} legacy_v2_compatible polyvisor osapi_compute_app_v21

[filter:polyvisor]
paste.filter_factory = polyvisor.nova.api.filter:factory

[filter:compute_req_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory

[filter:faultwrap]
paste.filter_factory = nova.api.openstack:FaultWrapper.factory

[filter:sizelimit]
paste.filter_factory = oslo_middleware:RequestBodySizeLimiter.factory

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory

[filter:keystonecontext]
paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory

[filter:legacy_v2_compatible]
paste.filter_factory = nova.api.openstack:LegacyV2CompatibleWrapper.factory

[app:osapi_compute_app_v21]
paste.app_factory = nova.api.openstack.compute:APIRouterV21.factory
"""
CONFIG = """
[DEFAULT]
transport_url = fake:/
service_down_time = 3600
[database]
connection = sqlite:///{directory}/main.sqlite
[api_database]
connection = sqlite:///{directory}/api.sqlite
[oslo_policy]
policy_file = {directory}/policy.yaml
[oslo_concurrency]
lock_path = {directory}
[keystone_authtoken]
www_authenticate_uri = http://127.0.0.1:1
auth_type = none
[polyvisor]
rpc_timeout = 5
"""


def connect(vcenter: VCenter) -> Session:
    """Return a session to a simulator, with the time limits that Nova has in these tests."""
    return Session(
        Endpoint(
            host=vcenter.host,
            port=vcenter.port,
            username=vcenter.username,
            password=vcenter.password,
            ca_file=vcenter.ca_file,
            connect_timeout=1.0,
            call_timeout=2.0,
        )
    )


def give_identity(vcenter: VCenter, cluster: str, server: str) -> str:
    """Make one of the cluster's VMs that of a server, as Nova's driver does when it builds one; name it."""
    session = connect(vcenter)
    clusters = collect(session, vim.ClusterComputeResource, ["name", "host"]).values()
    hosts = next(found["host"] for found in clusters if found["name"] == cluster)
    vms = collect(session, vim.VirtualMachine, ["name", "runtime.host"])
    moref, name = next((key, vm["name"]) for key, vm in vms.items() if vm["runtime.host"] in hosts)
    vm = session.managed_object(vim.VirtualMachine, moref)
    task = session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(instanceUuid=server))
    wait_for_task(session, task, timeout=10)
    session.close()
    return str(name)


@dataclass
class Cloud:
    """Nova's API over an empty cloud. Tests add computes and servers, and speak to it over WSGI."""

    directory: Path
    app: webtest.TestApp
    tokens: AuthTokenFixture
    cell: objects.CellMapping
    endpoints: "Endpoints"
    conf: config_fixture.Config
    project: str = field(default_factory=lambda: uuid.uuid4().hex)

    def token(self, *roles: str, project: str | None = None, system: bool = False) -> dict[str, str]:
        """Return the headers of a user with these roles, in a project or the system."""
        project_id = None if system else project or self.project
        token = keystone_fixture.V3Token(
            user_id=uuid.uuid4().hex,
            user_domain_id="default",
            project_id=project_id,
            project_domain_id=project_id and "default",
        )
        if system:
            token.set_system_scope()
        for role in roles:
            token.add_role(name=role)
        return {"X-Auth-Token": self.tokens.add_token(token)}

    @property
    def admin(self) -> dict[str, str]:
        return self.token("admin", "member", "reader")

    @property
    def member(self) -> dict[str, str]:
        return self.token("member", "reader")

    def set_policy(self, rules: dict[str, str]) -> None:
        """Override policies, for example `os-vmware-hosts:list`, as an operator does in policy.yaml."""
        lines = [f'"os_compute_api:{name}": "{check}"\n' for name, check in rules.items()]
        (self.directory / "policy.yaml").write_text("".join(lines))
        nova.policy.reset()
        policies.register()

    def targeted(self) -> Any:
        """Return a context manager that gives an administrator's context in the cell."""
        return nova.context.target_cell(nova.context.get_admin_context(), self.cell)

    def add_compute(
        self, host: str, node: str, zone: str = "nova", hypervisor: str = "VMware vCenter Server"
    ) -> objects.Service:
        """Register a compute service that is up, as nova-compute does when it starts."""
        admin = nova.context.get_admin_context()
        with self.targeted() as cell:
            service = objects.Service(cell, host=host, binary="nova-compute", topic="compute", report_count=1)
            service.create()
            _compute_node(cell, host, node, hypervisor).create()
        objects.HostMapping(admin, host=host, cell_mapping=self.cell).create()
        if zone != CONF.default_availability_zone:
            aggregate = objects.Aggregate(admin, name=f"{zone}-{host}", metadata={"availability_zone": zone})
            aggregate.create()
            aggregate.add_host(host)
        return service

    def force_down(self, host: str) -> None:
        """Let Nova see a compute service as down."""
        self._change_service(host, forced_down=True)

    def disable(self, host: str) -> None:
        """Close a compute service for new servers."""
        self._change_service(host, disabled=True)

    def _change_service(self, host: str, **changes: bool) -> None:
        with self.targeted() as cell:
            service = objects.Service.get_by_compute_host(cell, host)
            service.update(changes)
            service.save()

    def serve(self, host: str, vcenter: VCenter, cluster: str) -> objects.Service:
        """Run the real endpoint of a compute service for a cluster, in a zone named like the cluster."""
        node = self.endpoints.node(host, vcenter, cluster)
        return self.add_compute(host, node, zone=f"zone-{cluster}")

    def add_flavor(self, root_gb: int = 1, ephemeral_gb: int = 0, swap: int = 0) -> str:
        """Make a flavor and return its id."""
        flavor = objects.Flavor(
            nova.context.get_admin_context(),
            name=uuid.uuid4().hex,
            flavorid=uuid.uuid4().hex,
            memory_mb=64,
            vcpus=1,
            root_gb=root_gb,
            ephemeral_gb=ephemeral_gb,
            swap=swap,
            rxtx_factor=1.0,
            is_public=True,
            disabled=False,
        )
        flavor.create()
        return str(flavor.flavorid)

    def add_server(self, host: str | None, **metadata: str) -> str:
        """Put a server of the cloud's project in the database, as if it had been built, and return its id."""
        admin = nova.context.RequestContext(user_id="user", project_id=self.project, is_admin=True)
        flavor = objects.Flavor.get_by_flavor_id(admin, self.add_flavor())
        with nova.context.target_cell(admin, self.cell) as cell:
            instance = objects.Instance(
                cell,
                user_id="user",
                project_id=self.project,
                host=host,
                metadata=metadata,
                system_metadata={},
                info_cache=objects.InstanceInfoCache(network_info=NetworkInfo()),
                vm_state="active",
                launched_at=timeutils.utcnow(),
                flavor=flavor,
                instance_type_id=flavor.id,
                root_gb=1,
                ephemeral_gb=0,
                memory_mb=64,
                vcpus=1,
                display_name="server",
                image_ref="",
            )
            instance.create()
        mapping = objects.InstanceMapping(
            admin, instance_uuid=instance.uuid, project_id=self.project, cell_mapping=self.cell
        )
        mapping.create()
        return str(instance.uuid)


def _compute_node(cell: nova.context.RequestContext, host: str, node: str, hypervisor: str) -> Any:
    zeros = ("vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used")
    return objects.ComputeNode(
        cell,
        host=host,
        hypervisor_hostname=node,
        hypervisor_type=hypervisor,
        hypervisor_version=8000000,
        uuid=str(uuid.uuid4()),
        cpu_info="",
        cpu_allocation_ratio=1.0,
        ram_allocation_ratio=1.0,
        disk_allocation_ratio=1.0,
        **dict.fromkeys(zeros, 0),
    )


@dataclass
class Endpoints:
    """The endpoints that run, by compute service, for all tests of a module: to stop one takes a second."""

    cleanups: ExitStack
    running: dict[str, tuple[VCenter, str, str]] = field(default_factory=dict)

    def node(self, host: str, vcenter: VCenter, cluster: str) -> str:
        """Return Nova's node name of a cluster; its endpoint runs from now on."""
        if host not in self.running:
            self.running[host] = (vcenter, cluster, self._start(host, vcenter, cluster))
        assert self.running[host][:2] == (vcenter, cluster), f"{host} is already another cluster's"
        return self.running[host][2]

    def _start(self, host: str, vcenter: VCenter, cluster: str) -> str:
        session = connect(vcenter)
        self.cleanups.callback(session.close)
        found = collect(session, vim.ClusterComputeResource, ["name"])
        moref = next(key for key, properties in found.items() if properties["name"] == cluster)
        vcenter_uuid = session.content.about.instanceUuid
        node = f"{moref}.{vcenter_uuid}"
        known = Cluster(session, moref, cluster, vcenter_uuid)
        works = [kind(known) for kind in KINDS]
        operations = Operations(session, Journal(node, cluster, OPERATIONS), works)
        server = endpoint.start(known, host, [SnapshotEndpoint(known, works, operations)])
        self.cleanups.callback(server.wait)
        self.cleanups.callback(server.stop)
        return node


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    """Keep the endpoints of a module, and stop them after it."""
    with ExitStack() as cleanups:
        yield Endpoints(cleanups)


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make Nova's databases, empty, once."""
    directory = tmp_path_factory.mktemp("nova-databases")
    with nova_configured(directory):
        for database in ("main", "api"):
            migration.db_sync(database=database)
    return directory


@contextmanager
def nova_configured(directory: Path) -> Iterator[None]:
    """Configure Nova in this process as `nova.wsgi` does, and leave no trace of it afterwards."""
    (directory / "nova.conf").write_text(CONFIG.format(directory=directory))
    (directory / "policy.yaml").touch()
    with ExitStack() as stack:
        for module in (main_db, api_db):
            fixture = ReplaceEngineFacadeFixture(module.context_manager, enginefacade.transaction_context())
            stack.enter_context(fixture)
        stack.callback(CONF.clear)
        config.parse_args(["nova-api"], default_config_files=[str(directory / "nova.conf")])
        stack.callback(rpc.cleanup)
        stack.callback(nova.policy.reset)
        stack.callback(nova.context.CELL_CACHE.clear)
        stack.callback(setattr, nova.context, "CELLS", [])
        yield


@pytest.fixture
def cloud(databases: Path, endpoints: Endpoints, tmp_path: Path) -> Iterator[Cloud]:
    """Give Nova's API, over databases of its own."""
    for name in ("main", "api"):
        shutil.copy(databases / f"{name}.sqlite", tmp_path)
    (tmp_path / "api-paste.ini").write_text(PASTE.format(before=BEFORE))
    with nova_configured(tmp_path), AuthTokenFixture() as tokens, ExitStack() as cleanups:
        conf = cleanups.enter_context(config_fixture.Config(CONF))
        cell = _map_cells(tmp_path)
        app = deploy.loadapp(f"config:{tmp_path}/api-paste.ini", name="osapi_compute")
        yield Cloud(tmp_path, webtest.TestApp(app), tokens, cell, endpoints, conf)


@pytest.fixture
def no_security_groups() -> Iterator[None]:
    """Nova asks Neutron for them whenever it shows a server, and there is no Neutron here."""
    function = "nova.network.security_group_api.get_instances_security_groups_bindings"
    with mock.patch(function, return_value={}):
        yield


def _map_cells(directory: Path) -> objects.CellMapping:
    admin = nova.context.get_admin_context()
    shared = {"transport_url": "fake:/", "disabled": False}
    main = f"sqlite:///{directory}/main.sqlite"
    cell0 = objects.CellMapping.CELL0_UUID
    objects.CellMapping(
        admin, uuid=cell0, name="cell0", database_connection=main, **{**shared, "transport_url": "none:///"}
    ).create()
    cell = objects.CellMapping(
        admin, uuid=str(uuid.uuid4()), name="cell1", database_connection=main, **shared
    )
    cell.create()
    return cell
