"""Cinder's real services in this process: REST API, scheduler, volume manager with our driver; the simulator.

Replaced are only what stands around them: tokens (Cinder's own `noauth`), the message bus (oslo.messaging's
`fake:/`), and Nova, of which Cinder asks one thing: whose a server is.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

os.environ["OS_CINDER_DISABLE_EVENTLET_PATCHING"] = "true"  # read when Cinder is imported
from cinder import monkey_patch

monkey_patch.patch()

import cinder.service  # noqa: E402
from cinder import objects, rpc  # noqa: E402
from cinder.common import config  # noqa: E402
from cinder.db import migration  # noqa: E402
from oslo_service import wsgi  # noqa: E402

from polyvisor.sandbox.configuration import stock_configuration  # noqa: E402
from polyvisor.vsphere.session import Endpoint, Session  # noqa: E402
from tests.functional.cinder.cloud import Cloud, Nova  # noqa: E402
from tests.functional.conftest import VCenter, run_vcenter  # noqa: E402
from tests.functional.mariadb import MariaDB, run_mariadb  # noqa: E402

CONF = config.CONF
CONFIG = """
[DEFAULT]
host = volume1
transport_url = fake:/
state_path = {directory}
auth_strategy = noauth_include_project_id
api_paste_config = {stock}/cinder/api-paste.ini
resource_query_filters_file = {stock}/cinder/resource_filters.json
enabled_backends = vcenter
volume_manager = polyvisor.cinder.manager.VolumeManager
default_volume_type = __DEFAULT__
quota_volumes = -1
quota_gigabytes = -1
quota_snapshots = -1
[database]
connection = {database}
[coordination]
backend_url = file://{directory}/coordination
[oslo_concurrency]
lock_path = {directory}
[nova]
auth_type = none
endpoint = http://127.0.0.1:{nova}
[vcenter]
volume_backend_name = vcenter
volume_driver = polyvisor.cinder.vmdk.VMwareVcVmdkDriver
vmware_host_ip = {vcenter.host}
vmware_host_port = {vcenter.port}
vmware_host_username = {vcenter.username}
vmware_host_password = {vcenter.password}
vmware_ca_file = {vcenter.ca_file}
vmware_cluster_name = cluster1
vmware_task_poll_interval = 0.05
vmware_api_retry_count = 2
"""


@pytest.fixture(scope="session")
def vcenter_of_cinder(
    vcenter_binary: Path,
    vcenter_wsdl: Path,
    vcenter_certificate: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[VCenter]:
    directory = tmp_path_factory.mktemp("vcenter")
    with run_vcenter(vcenter_binary, vcenter_wsdl, vcenter_certificate, directory, "-vms", "4") as vcenter:
        yield vcenter


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    with run_mariadb(tmp_path_factory.mktemp("mariadb"), "cinder") as server:
        yield server


@pytest.fixture(scope="session")
def cloud(
    vcenter_of_cinder: VCenter, mariadb: MariaDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cloud]:
    """Start Cinder once: its services keep their state for a whole process."""
    directory, vcenter = tmp_path_factory.mktemp("cinder"), vcenter_of_cinder
    nova = ThreadingHTTPServer(("127.0.0.1", 0), Nova)
    threading.Thread(target=nova.serve_forever, daemon=True).start()
    file = directory / "cinder.conf"
    text = CONFIG.format(
        directory=directory,
        stock=stock_configuration(),
        database=mariadb.url,
        nova=nova.server_address[1],
        vcenter=vcenter,
    )
    file.write_text(text)
    objects.register_all()
    CONF(["--config-file", str(file)], project="cinder", default_config_files=[])
    config.set_middleware_defaults()
    rpc.init(CONF)
    migration.db_sync()
    endpoint = Endpoint(vcenter.host, vcenter.username, vcenter.password, vcenter.port, vcenter.ca_file)
    services = [
        cinder.service.Service.create(
            binary="cinder-volume", host="volume1@vcenter", service_name="vcenter", coordination=True
        ),
        # It waits a minute for somebody to tell it of a backend.
        cinder.service.Service.create(binary="cinder-scheduler"),
    ]
    for service in services:
        service.start()
    with closing(Session(endpoint)) as session:
        yield Cloud(wsgi.Loader(CONF).load_app("osapi_volume"), session)
    for service in services:
        service.stop()
    nova.shutdown()
