"""What moving a server costs beside vCenter's own call: ``python -m benchmarks.relocation``.

Runs against a sandbox that is up. Each round moves one server twice: by the API, from the request until the
server is given back, and by `RelocateVM_Task` alone. Prints the figures beside their targets; judges nothing,
because a busy machine is not a defect. The calls are what vCenter has counted meanwhile, so the least of
all rounds is the operation's own: in the others somebody else has asked too.
"""

import argparse
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import requests
from openstack import exceptions
from pyVmomi import vim

from benchmarks.inventory import report
from polyvisor.sandbox import cloud, inventory, settings
from polyvisor.vsphere.inventory import collect, find_vm
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.task import wait_for_task

HOSTS = ("esx11", "esx12")
OVERHEAD_SECONDS = 1.0
CALLS = 10


def main() -> None:
    """Build a server, move it to and fro, and delete it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=settings.default_root(), help="folder of the sandbox")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    made = settings.load(options.root)
    if made is None:
        parser.error("there is no sandbox; `polyvisor sandbox up` makes one")
    connection = cloud.connect(made, "admin")
    server = build(connection)
    try:
        measure(Lab(made, connection, server), options.rounds)
    finally:
        connection.compute.delete_server(server)


class Lab:
    """A server, by Nova's API and in vCenter."""

    def __init__(self, made: settings.Settings, connection: Any, server: Any) -> None:
        self.compute = connection.compute
        self.server = server
        self._url = f"https://127.0.0.1:{made.ports['vcenter']}/calls"
        self._user = (inventory.USERNAME, made.secrets["vcenter"])
        self._ca = str(made.ca_file)
        self.session = Session(Endpoint("127.0.0.1", *self._user, made.ports["vcenter"], ca_file=self._ca))
        found = collect(self.session, vim.HostSystem, ["name"])
        self.hosts = {properties["name"]: key for key, properties in found.items()}
        self.vm = self.session.managed_object(vim.VirtualMachine, find_vm(self.session, server.id))

    def calls(self) -> int:
        """Give the number of calls since the last time."""
        shown = requests.get(self._url, auth=self._user, verify=self._ca, timeout=10)
        requests.delete(self._url, auth=self._user, verify=self._ca, timeout=10).raise_for_status()
        return int(shown.json()["total"])

    def move_by_api(self, host: str) -> float:
        """Move the server; give the seconds."""
        start = perf_counter()
        body = {"os-livemigrate-vmware": {"host": host}}
        exceptions.raise_from_response(self.compute.post(f"/servers/{self.server.id}/action", json=body))
        while self.compute.get_server(self.server.id).task_state is not None:
            sleep(0.05)
        return perf_counter() - start

    def move_raw(self, host: str) -> float:
        """Move the VM; give the seconds."""
        start = perf_counter()
        spec = vim.vm.RelocateSpec(host=self.session.managed_object(vim.HostSystem, self.hosts[host]))
        wait_for_task(self.session, self.session.call(self.vm.RelocateVM_Task, spec), timeout=600)
        return perf_counter() - start


def build(connection: Any) -> Any:
    """Build a server on the first host."""
    compute = connection.compute
    server = compute.create_server(
        name="benchmark",
        flavor_id=compute.find_flavor("tiny").id,
        image_id=connection.image.find_image(cloud.IMAGE).id,
        networks="none",
        metadata={"vmware:host": HOSTS[0], "vmware:datastore": "shared1"},
    )
    return compute.wait_for_server(server, interval=0.5, wait=600)


def measure(lab: Lab, rounds: int) -> None:
    """Print the figures."""
    seconds: dict[str, list[float]] = {"api": [], "raw": []}
    calls: dict[str, list[int]] = {"api": [], "raw": []}
    ways = (("api", lab.move_by_api, HOSTS[1]), ("raw", lab.move_raw, HOSTS[0]))
    for _ in range(rounds):
        for way, move, host in ways:
            lab.calls()
            seconds[way].append(move(host))
            calls[way].append(lab.calls())
    report("RelocateVM_Task alone", seconds["raw"])
    report("os-livemigrate-vmware", seconds["api"])
    overhead = [ours - raw for ours, raw in zip(seconds["api"], seconds["raw"], strict=True)]
    report("overhead", overhead, OVERHEAD_SECONDS)
    ours, alone = min(calls["api"]), min(calls["raw"])
    print(f"calls to vCenter: {ours}, alone {alone}, more {ours - alone}  target {CALLS}")


if __name__ == "__main__":
    main()
