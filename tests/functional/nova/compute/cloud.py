"""A small cloud for tests: Nova's real services in this process, our driver, the simulated vCenter.

Replaced are, by Nova's own test fixtures, what stands around Nova: message bus, databases (SQLite), Glance,
Cinder, Neutron, Keystone.
"""

import functools
import json
import ssl
import sys
import time
import urllib.request
import uuid
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import fixtures
import nova.conf
import nova.virt
import pytest
from nova import context, monkey_patch, objects, thread_pool_factory
from nova.virt.vmwareapi import ds_util, vm_util
from nova.virt.vmwareapi.driver import VMwareVCDriver as VCDriver
from oslo_vmware.service import CompatibilitySudsClient
from pyVmomi import vim
from sqlalchemy.exc import SADeprecationWarning
from suds.servicedefinition import ServiceDefinition
from urllib3.connection import HTTPSConnection

from polyvisor.nova.compute import launcher
from polyvisor.sandbox import image
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.task import wait_for_task
from tests.functional.conftest import StartVCenter, VCenter

# Nova's test packages choose native threads or eventlet when they are imported, and refuse threads if another
# test of this process has imported eventlet before them.
monkey_patch.patch = lambda: None
# A service that stops ends the thread pools of its process for good, and so all further tests of it. Nova's
# fixture of a service keeps it from that only from after its start to its own end.
thread_pool_factory.shutdown_all_executors = lambda: None
from nova.tests import fixtures as nova_fixtures  # noqa: E402
from nova.tests.functional import integrated_helpers  # noqa: E402
from nova.tests.functional.api import client  # noqa: E402

CONF = nova.conf.CONF
ApiError = client.OpenStackApiException
IMAGE = "5c0ffee5-0000-4000-8000-000000000001"
FLAVOR_DISK_GB = 1
STOCK_PASTE = str(Path(sys.prefix, "etc/nova/api-paste.ini"))

if str(launcher.VIRT) not in nova.virt.__path__:
    nova.virt.__path__.append(str(launcher.VIRT))


service_definition = functools.cache(ServiceDefinition)


@functools.cache
def _image() -> bytes:
    with TemporaryDirectory() as directory:
        file = Path(directory, "image.vmdk")
        image.write_vmdk(file)
        return file.read_bytes()


class Glance(nova_fixtures.GlanceFixture):
    """Nova's own, which also hands an image over piece by piece, and takes one in, as Glance does."""

    def setUp(self) -> None:
        super().setUp()
        self._imagedata[IMAGE] = _image()
        self.create(
            None,
            {
                "id": IMAGE,
                "name": "tiny",
                "size": len(_image()),
                "disk_format": "vmdk",
                "container_format": "bare",
                "status": "active",
                "min_ram": 0,
                "min_disk": 0,
                "visibility": "public",
                "properties": {"hw_disk_type": "streamOptimized", "hw_vif_model": "VirtualVmxnet3"},
            },
        )

    def download(self, context: Any, image_id: str, **kwargs: Any) -> Iterator[bytes]:
        data = self._imagedata[image_id]
        return iter([data[at : at + 65536] for at in range(0, len(data), 65536)])

    def update(
        self, context: Any, image_id: str, metadata: Any, data: Any = None, purge_props: bool = False
    ) -> Any:
        if data is not None:
            self._imagedata[image_id] = b"".join(iter(lambda: data.read(65536), b""))
            metadata = metadata | {"size": len(self._imagedata[image_id])}
        return super().update(context, image_id, metadata, purge_props=purge_props)


class CloudTest(integrated_helpers.ProviderUsageBaseTestCase):
    """One nova-compute for each of two clusters."""

    compute_driver = "polyvisor.VMwareVCDriver"
    REQUIRES_LOCKING = True

    @pytest.fixture(autouse=True)
    def _start_vcenter(self, vcenter: StartVCenter) -> None:
        self._start = vcenter

    def setUp(self) -> None:
        self.vcenter: VCenter = self._start("-vms", "2")
        self._configure()
        super().setUp()
        # SQLAlchemy is newer than Nova's fixtures, which make an error of each of its warnings.
        warnings.filterwarnings("ignore", category=SADeprecationWarning)
        # Nova's fixtures send the HTTP of the whole process to their own services; vCenter is spoken to in
        # HTTPS, for real.
        self.stub_out("urllib3.connectionpool.HTTPSConnectionPool.ConnectionCls", HTTPSConnection)
        self.session = Session(
            Endpoint(
                host=self.vcenter.host,
                port=self.vcenter.port,
                username=self.vcenter.username,
                password=self.vcenter.password,
                ca_file=self.vcenter.ca_file,
            )
        )
        self.addCleanup(self.session.close)
        self.before = self.everything()
        for compute, cluster in (("compute1", "cluster1"), ("compute2", "cluster2")):
            self.flags(cluster_name=cluster, group="vmware")
            self._start_compute(compute)
        self.flavor = self._flavor()

    def _clear_attrs(self) -> None:
        """Leave pytest the method that it has put here, and removes itself."""
        method = getattr(self, self._testMethodName)
        super()._clear_attrs()
        setattr(self, self._testMethodName, method)

    def _configure(self) -> None:
        vc = self.vcenter
        # What Nova remembers of the vCenter of the test before.
        vm_util.vm_refs_cache_reset()
        ds_util.dc_cache_reset()
        self.flags(
            host_ip=vc.host,
            host_port=vc.port,
            host_username=vc.username,
            host_password=vc.password,
            ca_file=vc.ca_file,
            insecure=False,
            task_poll_interval=0.05,
            api_retry_count=2,
            group="vmware",
        )
        self._read_wsdl_once()
        self.flags(state_path=self.useFixture(fixtures.TempDir()).path)
        self.stub_out("nova.tests.fixtures.GlanceFixture", Glance)
        # Two nova-computes in one process would share the node identity that Nova keeps in a file.
        self.stub_out(
            "nova.virt.driver.ComputeDriver.get_nodenames_by_uuid",
            lambda driver: {uuid_of(name): name for name in driver.get_available_nodes()},
        )
        self.stub_out(
            "polyvisor.nova.compute.driver.VMwareVCDriver.get_available_resource",
            lambda driver, node: VCDriver.get_available_resource(driver, node) | {"uuid": uuid_of(node)},
        )
        self.flags(api_paste_config=self.paste(), group="wsgi")
        self.flags(allow_resize_to_same_host=True)
        self.flags(vcenter_call_timeout=5, group="polyvisor")
        self.flags(
            available_filters=[
                "nova.scheduler.filters.all_filters",
                "polyvisor.nova.scheduler.placement_filter.PlacementFilter",
            ],
            enabled_filters=["ComputeFilter", "PlacementFilter"],
            group="filter_scheduler",
        )

    def _read_wsdl_once(self) -> None:
        """Let suds keep what it made of the WSDL, which takes seconds: all simulators serve the same."""
        self.stub_out("suds.reader.Reader.mangle", lambda _reader, url, kind: f"{urlsplit(url).path}-{kind}")
        keeping = functools.partial(CompatibilitySudsClient, cachingpolicy=1)
        self.stub_out("oslo_vmware.service.CompatibilitySudsClient", keeping)
        self.stub_out("suds.client.ServiceDefinition", service_definition)

    def paste(self) -> str:
        """Write Nova's own paste configuration with our filter in it, and return where."""
        stock = Path(STOCK_PASTE).read_text()
        ours = Path(self.useFixture(fixtures.TempDir()).path, "api-paste.ini")
        factory = "polyvisor.nova.api.filter:factory"
        ours.write_text(
            stock.replace(" osapi_compute_app_v21\n", " polyvisor osapi_compute_app_v21\n")
            + f"\n[filter:polyvisor]\npaste.filter_factory = {factory}\n"
        )
        return str(ours)

    def _flavor(self) -> str:
        flavor = {"id": "tiny", "name": "tiny", "ram": 512, "vcpus": 1, "disk": FLAVOR_DISK_GB, "swap": 64}
        flavor["OS-FLV-EXT-DATA:ephemeral"] = 1
        self.api.post_flavor({"flavor": flavor})
        return "tiny"

    def create(self, state: str = "ACTIVE", **extra: Any) -> dict[str, Any]:
        """Create a server and wait until it is in `state`; extra fields go into the request."""
        server = self._build_server(image_uuid=IMAGE, flavor_id=self.flavor, networks="none") | extra
        return self.wait_for(self.api.post_server({"server": server}), state)

    def wait_for(self, server: dict[str, Any], state: str) -> dict[str, Any]:
        """Wait until a server is in `state`, two minutes at most."""
        return self._wait_for_server_parameter(server, {"status": state}, max_retries=240)

    def wish(self, **names: str) -> dict[str, str]:
        """Return metadata that ask for a place."""
        return {f"vmware:{key}": name for key, name in names.items()}

    # --- the independent look at vCenter ---

    def vms(self, *properties: str) -> dict[str, dict[str, Any]]:
        """Read VMs by name, without those that were there before."""
        found = collect(self.session, vim.VirtualMachine, ["name", *properties])
        return {vm["name"]: vm for vm in found.values() if not vm["name"].startswith("app-")}

    def vm_of(self, server: dict[str, Any]) -> dict[str, Any]:
        """Read the VM of a server: host, disk and CD paths, power state."""
        properties = ["runtime.host", "runtime.powerState", "config.instanceUuid", "config.hardware.device"]
        vm = next(vm for vm in self.vms(*properties).values() if vm["config.instanceUuid"] == server["id"])
        files = [device.backing.fileName for device in vm["config.hardware.device"] if _has_file(device)]
        return {
            "host": self.session.call(lambda: vm["runtime.host"].name),
            "files": sorted(files),
            "power": str(vm["runtime.powerState"]),
        }

    def everything(self) -> set[str]:
        """Return all VMs, and all files and folders on datastores outside of image caches."""
        names = {f"VM {name}" for name in self.vms()}
        for store in collect(self.session, vim.Datastore, ["name"]):
            names |= self._files(self.session.managed_object(vim.Datastore, store))
        return names

    def _files(self, store: Any) -> set[str]:
        browser = self.session.call(lambda: store.browser)
        name = self.session.call(lambda: store.name)
        spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"])
        task = self.session.call(browser.SearchDatastoreSubFolders_Task, f"[{name}] /", spec)
        found = wait_for_task(self.session, task, timeout=20)
        paths = {f"{folder.folderPath.rstrip('/')}/{file.path}" for folder in found for file in folder.file}
        return {path for path in paths if "_base" not in path and not path.endswith("vmware_temp")}

    def host(self, name: str) -> Any:
        """Return an ESXi host as pyVmomi object."""
        return self._find(vim.HostSystem, name)

    def datastore(self, name: str) -> Any:
        """Return a datastore as pyVmomi object."""
        return self._find(vim.Datastore, name)

    def _find(self, kind: Any, name: str) -> Any:
        found = collect(self.session, kind, ["name"])
        return self.session.managed_object(kind, next(m for m, it in found.items() if it["name"] == name))

    def break_method(self, **rule: Any) -> None:
        """Make vCenter fail from now on, see the simulator's fault rules."""
        self._faults("PUT", json.dumps({"rules": [rule]}).encode())

    def has_broken(self) -> bool:
        """Tell whether a fault rule has been met."""
        return any(rule["hits"] for rule in json.loads(self._faults("GET"))["rules"])

    def mend(self) -> None:
        """Take all fault rules back."""
        self._faults("DELETE")

    def _faults(self, method: str, body: bytes | None = None) -> bytes:
        vc = self.vcenter
        request = urllib.request.Request(f"{vc.url}/faults", data=body, method=method)  # noqa: S310 - https
        token = b64encode(f"{vc.username}:{vc.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
        trusted = ssl.create_default_context(cafile=vc.ca_file)
        with urllib.request.urlopen(request, context=trusted) as answer:  # noqa: S310
            return bytes(answer.read())

    def events(self, server: dict[str, Any], action: str) -> list[objects.InstanceActionEvent]:
        """Return the events of the last action of that name."""
        return next(events for name, events in self.actions(server) if name == action)

    def actions(self, server: dict[str, Any]) -> list[tuple[str, list[objects.InstanceActionEvent]]]:
        """Return the names of all actions with their events, the last one first."""
        admin = context.get_admin_context()
        with context.target_cell(admin, self.cell_mappings["cell1"]) as cell:
            found = objects.InstanceActionList.get_by_instance_uuid(cell, server["id"])
            return [
                (each.action, list(objects.InstanceActionEventList.get_by_action(cell, each.id)))
                for each in found
            ]


def wait_until(holds: Callable[[], bool], *, seconds: float) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def uuid_of(name: str) -> str:
    """Return the UUID of a compute node, which is also that of its resource provider."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _has_file(device: Any) -> bool:
    kinds = (vim.vm.device.VirtualDisk, vim.vm.device.VirtualCdrom)
    return isinstance(device, kinds) and bool(getattr(device.backing, "fileName", None))
