"""Ports of Neutron for the NICs that VMs have: their MAC, their addresses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from polyvisor.adoption.clouds import RefusedError, ask, ask_gone, listing
from polyvisor.adoption.job import Job
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.plan import Port
from polyvisor.adoption.resources.shared import recorded
from polyvisor.adoption.work import Work
from polyvisor.message import Message

KIND = "port"


class Ports:
    """Makes the ports of many VMs in one request."""

    def __init__(self, work: Work) -> None:
        """Ask once what this Neutron can."""
        self._work = work
        self._neutron = work.clouds.admin.network
        # None of the two is enforced on VMware, so a port that claims them may not be bound there.
        self._open: Mapping[str, Any] = {"security_groups": []} if work.clouds.has("security-group") else {}
        if work.clouds.has("port-security"):
            self._open = {**self._open, "port_security_enabled": False}

    def make(self, jobs: Sequence[Job]) -> dict[str, Message]:
        """Make the ports of VMs: of all, or of one after the other if Neutron refuses one of them.

        Returns:
            id of a VM -> why its ports could not be made.
        """
        wanted = {job.id: [(job, port) for port in job.server.made_ports] for job in jobs}
        try:
            self._create([pair for pairs in wanted.values() for pair in pairs])
        except RefusedError as exc:
            if len(jobs) == 1:
                return {jobs[0].id: exc.message}
            return {id_: why for job in jobs for id_, why in self.make([job]).items()}
        return {}

    def _create(self, pairs: Sequence[tuple[Job, Port]]) -> None:
        if not pairs:
            return
        things = {self._mark(thing): thing for thing in (_thing(job, port) for job, port in pairs)}
        body = {"ports": [self._body(job, port) for job, port in pairs]}
        with recorded(self._work, *things.values()):
            made = ask(self._neutron, "POST", "/ports", body)["ports"]
        self._work.journal.write(*(replace(things[item["description"]], id=item["id"]) for item in made))

    def _body(self, job: Job, port: Port) -> dict[str, Any]:
        return {
            "network_id": job.networks[str(port.network)],
            "project_id": job.project,
            "name": "",
            "description": self._mark(_thing(job, port)),
            "mac_address": port.mac,
            "fixed_ips": [{"ip_address": address} for address in port.addresses or ()],
            "admin_state_up": True,
            **self._open,
        }

    def _mark(self, thing: Thing) -> str:
        return self._work.mark(thing.owner, thing.key)


def _thing(job: Job, port: Port) -> Thing:
    return Thing(job.id, KIND, f"NIC {port.nic}")


def find(work: Work, things: Iterable[Thing]) -> list[Thing]:
    """Those of the ports of one VM that are there, with their ids, of which no answer is known."""
    marks = {work.mark(thing.owner, thing.key): thing for thing in things}
    query = {"description": list(marks)}
    found = listing(work.clouds.admin.network, "/ports", "ports", query)
    return [replace(marks[item["description"]], id=item["id"]) for item in found]


def remove(work: Work, thing: Thing) -> None:
    """Delete it.

    Raises:
        RefusedError: OpenStack said no.
    """
    ask_gone(work.clouds.admin.network, "DELETE", f"/ports/{thing.id}")
