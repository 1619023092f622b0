"""The tenant's volumes, and the disks of VMs as vCenter shows them."""

import json
import re
from typing import Any

SECONDS = 300


class Volumes:
    """The tenant's volumes."""

    def __init__(self, lab: Any) -> None:
        self._lab = lab
        self.made: list[str] = []

    def create(self, *arguments: str, name: str = "", project: str = "", status: str = "available") -> str:
        """Make a volume by the command, and wait for it."""
        cloud = ["--os-project-name", project] if project else []
        made = self._lab.openstack_json(
            *cloud, "volume", "create", *arguments, name or "e2e", as_cloud="admin" if project else "demo"
        )
        self.made.append(made["id"])
        self.wait(made["id"], status)
        return str(made["id"])

    def status(self, volume: str) -> str:
        return str(self._lab.tenant.block_storage.get_volume(volume).status)

    def wait(self, volume: str, status: str) -> None:
        ends = {status, "error"}
        self._lab.until(lambda: self.status(volume) in ends, f"{volume} to be {status}", SECONDS)
        assert self.status(volume) == status

    def delete(self, volume: str) -> None:
        done = self._lab.openstack("volume", "delete", volume)
        assert done.returncode == 0, done.stderr
        find = self._lab.tenant.block_storage.find_volume
        self._lab.until(lambda: find(volume) is None, f"{volume} to be deleted", SECONDS)
        self.made.remove(volume)


def disks(lab: Any, vm: str) -> list[dict[str, Any]]:
    """The disks of a VM, by its inventory path, as vCenter shows them."""
    (found,) = json.loads(lab.govc("vm.info", "-json", vm))["virtualMachines"]
    return [device for device in found["config"]["hardware"]["device"] if "capacityInKB" in device]


def find(lab: Any, name: str) -> str:
    """Inventory path of the VM whose name ends so."""
    (found,) = [
        vm for vm in lab.govc("find", "/", "-type", "m").splitlines() if vm.rstrip(")").endswith(name)
    ]
    return found


def content(lab: Any, disk: dict[str, Any]) -> str:
    """What the simulator has on a disk: it notes that in the descriptor, and copies it with the disk."""
    datastore, _, path = disk["backing"]["fileName"].removeprefix("[").partition("] ")
    [found] = re.findall(r'ddb.content = "(.*)"', lab.govc("datastore.download", "-ds", datastore, path, "-"))
    return str(found)
