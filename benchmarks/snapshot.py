"""What a snapshot costs beside vCenter's own call: ``python -m benchmarks.snapshot``.

Runs against a sandbox that is up. Each round takes, reverts to and deletes a snapshot of one server, by the
API, from the request until the server is given back, and then by vCenter's tasks alone. Prints the figures
beside their targets; judges nothing, because a busy machine is not a defect. The calls are what vCenter has
counted meanwhile; the least of all rounds is the operation's own: in the others somebody else has asked too.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

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
KINDS = ("create", "revert", "delete")


def main() -> None:
    """Build a server, measure, and delete it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=settings.default_root(), help="folder of the sandbox")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    made = settings.load(options.root)
    if made is None:
        parser.error("there is no sandbox; `polyvisor sandbox up` makes one")
    connection = cloud.connect(made, "admin")
    with server(connection) as built:
        vcenter = VCenter(made)
        measure(vcenter, by_api(connection, built), by_vcenter(vcenter.session, built.id), options.rounds)


class VCenter:
    """A session to the sandbox's vCenter, and how many calls that has had from everybody."""

    def __init__(self, made: settings.Settings) -> None:
        self._url = f"https://127.0.0.1:{made.ports['vcenter']}/calls"
        self._user = (inventory.USERNAME, made.secrets["vcenter"])
        self._ca = str(made.ca_file)
        self.session = Session(Endpoint("127.0.0.1", *self._user, made.ports["vcenter"], ca_file=self._ca))

    def calls(self) -> int:
        """Give the number of calls since the last time."""
        shown = requests.get(self._url, auth=self._user, verify=self._ca, timeout=10)
        requests.delete(self._url, auth=self._user, verify=self._ca, timeout=10).raise_for_status()
        return int(shown.json()["total"])


@contextmanager
def server(connection: Any) -> Iterator[Any]:
    """A server while the block lasts."""
    compute = connection.compute
    built = compute.create_server(
        name="benchmark",
        flavor_id=compute.find_flavor("tiny").id,
        image_id=connection.image.find_image(cloud.IMAGE).id,
        networks="none",
    )
    try:
        yield compute.wait_for_server(built, interval=0.5, wait=600)
    finally:
        compute.delete_server(built)


def by_api(connection: Any, built: Any) -> dict[str, Callable[[], None]]:
    """The operations as users have them; each is over when the server is given back."""
    compute, path = connection.compute, f"/servers/{built.id}/os-vmware-snapshot"

    def settle(response: Any) -> None:
        exceptions.raise_from_response(response)
        while compute.get_server(built.id).task_state is not None:
            sleep(0.05)

    def current() -> str:
        [found] = compute.get(path).json()["snapshots"]
        return str(found["id"])

    return {
        "create": lambda: settle(compute.post(path, json={"snapshot": {"name": "benchmark"}})),
        "revert": lambda: settle(compute.post(f"{path}/{current()}/action", json={"revert": {}})),
        "delete": lambda: settle(compute.delete(f"{path}/{current()}")),
    }


def by_vcenter(session: Session, instance_uuid: str) -> dict[str, Callable[[], None]]:
    """The same by vCenter's tasks alone."""
    vm: Any = session.managed_object(vim.VirtualMachine, find_vm(session, instance_uuid))

    def done(method: Callable[..., Any], *arguments: Any) -> None:
        wait_for_task(session, session.call(method, *arguments), timeout=600)

    def current() -> Any:
        return session.call(lambda: vm.snapshot.currentSnapshot)

    return {
        "create": lambda: done(vm.CreateSnapshot_Task, "benchmark", "", False, False),
        "revert": lambda: done(current().RevertToSnapshot_Task),
        "delete": lambda: done(current().RemoveSnapshot_Task, False),
    }


def measure(
    vcenter: VCenter, ours: dict[str, Callable[[], None]], raw: dict[str, Callable[[], None]], rounds: int
) -> None:
    """Print the figures."""
    taken: dict[tuple[str, str], list[tuple[float, int]]] = {}
    for _ in range(rounds):
        for way, operations in (("api", ours), ("raw", raw)):
            for kind in KINDS:
                vcenter.calls()
                start = perf_counter()
                operations[kind]()
                taken.setdefault((way, kind), []).append((perf_counter() - start, vcenter.calls()))
    for kind in KINDS:
        api, alone = taken["api", kind], taken["raw", kind]
        report(f"{kind}: vCenter's task alone", [seconds for seconds, _ in alone])
        report(f"{kind}: os-vmware-snapshot", [seconds for seconds, _ in api])
        overhead = [mine - its for (mine, _), (its, _) in zip(api, alone, strict=True)]
        report(f"{kind}: overhead", overhead, OVERHEAD_SECONDS)
        counts = [min(calls for _, calls in way) for way in (api, alone)]
        more = counts[0] - counts[1]
        print(f"{kind}: calls to vCenter {counts[0]}, alone {counts[1]}, more {more}  target {CALLS}")


if __name__ == "__main__":
    main()
