"""What cloning a server costs beside vCenter's own call: ``python -m benchmarks.clone``.

Runs against a sandbox that is up. Clones one server by the API and by `CloneVM_Task` alone, in turn; then so
many clones of one server, some at a time. Prints the figures beside their targets; judges nothing, because a
busy machine is not a defect. The calls are what vCenter has counted meanwhile, so the least of all rounds is
the clone's own: in the others somebody else has asked too.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import requests
from openstack import exceptions
from pyVmomi import vim

from benchmarks.inventory import report
from polyvisor.sandbox import cloud, inventory, settings
from polyvisor.vsphere.inventory import find_vm
from polyvisor.vsphere.session import Endpoint, Session
from polyvisor.vsphere.task import wait_for_task

OVERHEAD_SECONDS = 1.0
CALLS = 10


def main() -> None:
    """Build a server, clone it, and delete all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=settings.default_root(), help="folder of the sandbox")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clones", type=int, default=100)
    parser.add_argument("--at-a-time", type=int, default=8)
    options = parser.parse_args()
    made = settings.load(options.root)
    if made is None:
        parser.error("there is no sandbox; `polyvisor sandbox up` makes one")
    lab = Lab(made)
    try:
        measure(lab, options.rounds)
        many(lab, options.clones, options.at_a_time)
    finally:
        lab.close()


class Lab:
    """A server, by Nova's API and in vCenter."""

    def __init__(self, made: settings.Settings) -> None:
        connection = cloud.connect(made, "admin")
        self.compute = connection.compute
        # A hundred servers are more than a project has by default.
        unlimited = dict.fromkeys(("instances", "cores", "ram"), -1)
        self.compute.update_quota_set(connection.current_project_id, **unlimited)
        self._url = f"https://127.0.0.1:{made.ports['vcenter']}/calls"
        self._user = (inventory.USERNAME, made.secrets["vcenter"])
        self._ca = str(made.ca_file)
        self.session = Session(Endpoint("127.0.0.1", *self._user, made.ports["vcenter"], ca_file=self._ca))
        server = self.compute.create_server(
            name="benchmark",
            flavor_id=self.compute.find_flavor("tiny").id,
            image_id=connection.image.find_image(cloud.IMAGE).id,
            networks="none",
            metadata={"vmware:datastore": "shared1"},
        )
        self.servers = [self.compute.wait_for_server(server, interval=0.5, wait=600)]
        self._raw: list[Any] = []
        self.vm: Any = self.session.managed_object(vim.VirtualMachine, find_vm(self.session, server.id))

    def calls(self) -> Counter[str]:
        """Give the number of calls by method since the last time."""
        shown = requests.get(self._url, auth=self._user, verify=self._ca, timeout=10)
        requests.delete(self._url, auth=self._user, verify=self._ca, timeout=10).raise_for_status()
        return Counter(shown.json()["calls"])

    def clone_by_api(self) -> float:
        """Clone the server and start the clone; give the seconds."""
        start = perf_counter()
        body = {"os-server-clone": {"name": "benchmark-clone"}}
        answer = self.compute.post(f"/servers/{self.servers[0].id}/action", json=body)
        exceptions.raise_from_response(answer)
        clone = self.compute.get_server(answer.json()["servers"][0]["id"])
        self.servers.append(clone)
        self.compute.wait_for_server(clone, interval=0.1, wait=3600)
        return perf_counter() - start

    def clone_raw(self) -> float:
        """Clone the VM and start the clone; give the seconds."""
        start = perf_counter()
        folder = self.session.call(lambda: self.vm.parent)
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(), powerOn=True, template=False)
        task = self.session.call(self.vm.CloneVM_Task, folder, f"raw-{uuid4()}", spec)
        self._raw.append(wait_for_task(self.session, task, timeout=3600))
        return perf_counter() - start

    def close(self) -> None:
        """Delete the VMs and the servers, and see them gone."""
        for clone in self._raw:
            wait_for_task(self.session, self.session.call(clone.PowerOff), timeout=600)
            wait_for_task(self.session, self.session.call(clone.Destroy), timeout=600)
        for server in self.servers:
            self.compute.delete_server(server)
        for server in self.servers:
            self.compute.wait_for_delete(server, interval=0.5, wait=3600)
        self.session.close()


def measure(lab: Lab, rounds: int) -> None:
    """Print the figures of one clone at a time."""
    seconds: dict[str, list[float]] = {"api": [], "raw": []}
    calls: dict[str, list[Counter[str]]] = {"api": [], "raw": []}
    ways: tuple[tuple[str, Callable[[], float]], ...] = (("api", lab.clone_by_api), ("raw", lab.clone_raw))
    for _ in range(rounds):
        for way, clone in ways:
            lab.calls()
            seconds[way].append(clone())
            calls[way].append(lab.calls())
    report("CloneVM_Task alone, with power-on", seconds["raw"])
    report("os-server-clone", seconds["api"])
    overhead = [ours - raw for ours, raw in zip(seconds["api"], seconds["raw"], strict=True)]
    report("overhead", overhead, OVERHEAD_SECONDS)
    api, raw = (min(calls[way], key=Counter.total) for way in ("api", "raw"))
    more = api.total() - raw.total()
    print(f"calls to vCenter: {api.total()}, alone {raw.total()}, more {more}  target {CALLS}: {dict(api)}")


def many(lab: Lab, clones: int, at_a_time: int) -> None:
    """Print how long many clones of one server take, and how many failed."""

    def attempt(_: int) -> str | None:
        try:
            lab.clone_by_api()
        except exceptions.SDKException as error:
            return str(error)
        return None

    start = perf_counter()
    with ThreadPoolExecutor(at_a_time) as pool:
        failures = [failure for failure in pool.map(attempt, range(clones)) if failure]
    report(f"{clones} clones, {at_a_time} at a time", [perf_counter() - start])
    print(f"failed: {len(failures)}  target 0")
    for failure in failures[:3]:
        print(f"  {failure}")


if __name__ == "__main__":
    main()
