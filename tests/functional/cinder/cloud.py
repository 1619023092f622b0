"""What tests do to a Cinder over a simulated vCenter."""

import json
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import webtest
from pyVmomi import vim

from polyvisor.vsphere.faults import VSphereError
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task

PROJECT, STRANGER = str(uuid.uuid4()), str(uuid.uuid4())
BACKEND = "volume1@vcenter#vcenter"
SECONDS = 240.0
GIB = 1024**3


class Nova(BaseHTTPRequestHandler):
    """Tells whose a server is."""

    servers: dict[str, str] = {}  # noqa: RUF012 - shared with the tests

    def do_GET(self) -> None:
        server = self.path.rpartition("/")[2]
        owner = self.servers.get(server)
        body = json.dumps({"server": {"id": server, "tenant_id": owner}} if owner else {}).encode()
        self.send_response(200 if owner else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


class Cloud:
    """Cinder over a vCenter, and what tests do to both."""

    def __init__(self, application: Any, session: Session) -> None:
        self._api = webtest.TestApp(application)
        self.session = session
        self.servers = Nova.servers

    # --- Cinder ---

    def request(self, method: str, path: str, body: Any = None, *, status: Any = "*") -> Any:
        headers = {
            "X-Auth-Token": f"tester:{PROJECT}",
            "OpenStack-API-Version": "volume 3.70",
            "X-Service-Roles": "service",  # as Nova: Cinder lets nobody else remove an attachment
        }
        answer = self._api.request(
            f"/v3/{PROJECT}{path}",
            method=method,
            body=json.dumps(body).encode() if body is not None else b"",
            headers=headers | {"Content-Type": "application/json"},
            status=status,
        )
        return answer.json if answer.body else None

    def volume(self, volume: str) -> Any:
        return self.request("GET", f"/volumes/{volume}", status=200)["volume"]

    def snapshot(self, snapshot: str) -> Any:
        return self.request("GET", f"/snapshots/{snapshot}", status=200)["snapshot"]

    def wait(self, volume: str, *statuses: str) -> Any:
        return self.until(
            lambda: (found := self.volume(volume))["status"] in statuses and found,
            lambda: f"{self.volume(volume)} is not {statuses}",
        )

    def gone(self, volume: str) -> None:
        self.until(
            lambda: "itemNotFound" in self.request("GET", f"/volumes/{volume}"),
            lambda: f"{self.volume(volume)} is not gone",
        )

    def volume_type(self, extra_specs: dict[str, str]) -> str:
        body = {"volume_type": {"name": str(uuid.uuid4()), "extra_specs": extra_specs}}
        return str(self.request("POST", "/types", body, status=200)["volume_type"]["id"])

    def create(self, size: int = 1, **more: Any) -> str:
        body = {"volume": {"size": size, **more}}
        return str(self.request("POST", "/volumes", body, status=202)["volume"]["id"])

    def manage(self, **ref: Any) -> str:
        body = {"volume": {"host": BACKEND, "ref": {key.replace("_", "-"): ref[key] for key in ref}}}
        return str(self.request("POST", "/manageable_volumes", body, status=202)["volume"]["id"])

    def action(self, volume: str, name: str, body: Any = None, status: Any = 202) -> Any:
        return self.request("POST", f"/volumes/{volume}/action", {name: body}, status=status)

    def attach(self, volume: str, server: str, vm: Any, status: Any = 200, **connector: str) -> Any:
        """As Nova does: reserve, then say where the server is."""
        body = {"attachment": {"volume_uuid": volume, "instance_uuid": server}}
        attachment = self.request("POST", "/attachments", body, status=200)["attachment"]["id"]
        told = {"ip": "127.0.0.1", "host": "127.0.0.1", "initiator": None} | connector
        if vm is not None:
            told["instance"] = vm._moId
        answer = self.request(
            "PUT", f"/attachments/{attachment}", {"attachment": {"connector": told}}, status=status
        )
        if status == 200:
            self.request("POST", f"/attachments/{attachment}/action", {"os-complete": {}}, status=204)
            return answer["attachment"]
        self.request("DELETE", f"/attachments/{attachment}", status=200)
        return answer

    # --- vCenter ---

    def until(self, condition: Callable[[], Any], message: Callable[[], str]) -> Any:
        deadline = time.monotonic() + SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, message()
            time.sleep(0.1)
        return found

    def done(self, task: Any) -> Any:
        return wait_for_task(self.session, task, timeout=SECONDS)

    def find(self, kind: Any, name: str) -> Any:
        found = [key for key, props in collect(self.session, kind, ["name"]).items() if props["name"] == name]
        return self.session.managed_object(kind, found[0]) if found else None

    def vm(
        self,
        name: str,
        *modes: str,
        datastore: str = "shared1",
        cluster: str = "cluster1",
        network: str = "",
        running: bool = True,
    ) -> Any:
        """Make a VM with a disk to boot from, and one of 2 GiB of each mode."""
        devices: list[Any] = [_controller()]
        devices += [_disk(unit, mode) for unit, mode in enumerate(("persistent", *modes))]
        devices += [_nic(network)] if network else []
        spec = vim.vm.ConfigSpec(
            name=name,
            guestId="otherGuest64",
            numCPUs=1,
            memoryMB=64,
            files=vim.vm.FileInfo(vmPathName=f"[{datastore}]"),
            deviceChange=devices,
        )
        center = self.find(vim.Datacenter, "dc1")
        folder = self.session.call(lambda: center.vmFolder)
        resources = self.find(vim.ClusterComputeResource, cluster)
        pool = self.session.call(lambda: resources.resourcePool)
        vm = self.done(self.session.call(folder.CreateVM_Task, spec, pool))
        vm = self.session.managed_object(vim.VirtualMachine, vm._moId)
        if running:
            self.done(self.session.call(vm.PowerOnVM_Task))
        return vm

    def fingerprint(self, vm: Any) -> str:
        """All of a VM's configuration that somebody could have changed."""
        config = self.session.call(lambda: vm.config)
        files, uuid = config.files, config.instanceUuid
        return str([config.hardware, config.extraConfig, files, uuid, config.annotation])

    def uuid(self, vm: Any) -> str:
        return str(self.session.call(lambda: vm.config.instanceUuid))

    def running(self, vm: Any) -> bool:
        return bool(self.session.call(lambda: vm.runtime.powerState) == "poweredOn")

    def disks(self, vm: Any) -> list[Any]:
        devices = self.session.call(lambda: vm.config.hardware.device)
        return [device for device in devices if isinstance(device, vim.vm.device.VirtualDisk)]

    def nics(self, vm: Any) -> list[Any]:
        devices = self.session.call(lambda: vm.config.hardware.device)
        return [device for device in devices if isinstance(device, vim.vm.device.VirtualEthernetCard)]

    def mark(self, vm: Any, values: dict[str, str]) -> None:
        self.reconfigure(
            vm, extraConfig=[vim.option.OptionValue(key=key, value=values[key]) for key in values]
        )

    def marks(self, vm: Any) -> dict[str, str]:
        return {option.key: option.value for option in self.session.call(lambda: vm.config.extraConfig)}

    def backing(self, volume: str) -> Any:
        """The VM that Cinder keeps for a volume."""
        return self.find(vim.VirtualMachine, f"volume-{volume}")

    def files(self, folder: str) -> list[str]:
        """Names of the files in a folder of a datastore; none if there is no such folder."""
        store = self.find(vim.Datastore, folder[1 : folder.index("]")])
        browser = self.session.call(lambda: store.browser)
        try:
            found = self.done(self.session.call(browser.SearchDatastore_Task, folder))
        except VSphereError:
            return []
        return sorted(file.path for file in found.file)

    def reconfigure(self, vm: Any, **spec: Any) -> None:
        self.done(self.session.call(vm.ReconfigVM_Task, vim.vm.ConfigSpec(**spec)))

    def take(self, vm: Any, disk: Any) -> None:
        """Detach a disk, and leave its file, as Nova does."""
        change = vim.vm.device.VirtualDeviceSpec(operation="remove", device=disk)
        self.reconfigure(vm, deviceChange=[change])


def _controller() -> Any:
    device = vim.vm.device.ParaVirtualSCSIController(key=-1, busNumber=0, sharedBus="noSharing")
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device)


def _nic(network: str) -> Any:
    backing = vim.vm.device.VirtualEthernetCard.NetworkBackingInfo(deviceName=network)
    device = vim.vm.device.VirtualVmxnet3(key=-2, backing=backing)
    return vim.vm.device.VirtualDeviceSpec(operation="add", device=device)


def _disk(unit: int, mode: str) -> Any:
    sharing = "sharingMultiWriter" if mode == "multi-writer" else "sharingNone"
    backing = vim.vm.device.VirtualDisk.FlatVer2BackingInfo(
        fileName="",
        diskMode="persistent" if mode == "multi-writer" else mode,
        thinProvisioned=mode != "multi-writer",
        sharing=sharing,
    )
    disk = vim.vm.device.VirtualDisk(
        key=-10 - unit, controllerKey=-1, unitNumber=unit, capacityInKB=2 * GIB // 1024, backing=backing
    )
    return vim.vm.device.VirtualDeviceSpec(operation="add", fileOperation="create", device=disk)
