"""openstack vmware host evacuate."""

import argparse
import threading
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from openstack import exceptions
from openstackclient import command
from osc_lib import exceptions as osc_exceptions

from polyvisor.cli.openstack import operation
from polyvisor.cli.openstack.relocation import ACTION, ask_candidates

_ASK_AT_ONCE = 8
Row = tuple[str, str, str, str]


class EvacuateHost(command.Lister):
    """Move all servers off an ESXi host, for its maintenance. Can be run again: it takes what is left."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser with the host and where to."""
        parser = super().get_parser(prog_name)
        parser.add_argument("host", metavar="<host>", help="ESXi host to empty (name, moref, or ID)")
        parser.add_argument(
            "--to",
            metavar="<host>",
            action="append",
            default=[],
            help="Move to this ESXi host only (repeat for several). Default: all others of its cluster",
        )
        parser.add_argument(
            "--max-parallel", metavar="<number>", type=int, default=4, help="Servers at a time (default: 4)"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], list[Row]]:
        """Return a row for each server, and fail if one could not be moved."""
        client = self.app.client_manager.vmware
        host = _find_host(client, parsed_args.host)
        targets = {_find_host(client, name, host["vcenter"]["uuid"])["id"] for name in parsed_args.to}
        servers = _servers_on(client, host)
        strangers = host["vm_count"] - len(servers)
        if strangers > 0:
            self.log.warning("%d VMs on %s are not servers of this cloud; they stay", strangers, host["name"])
        move = _Evacuation(client, host, targets)
        with ThreadPoolExecutor(max_workers=max(parsed_args.max_parallel, 1)) as pool:
            rows = list(pool.map(move.move, servers))
        failed = sum(row[2] != "moved" for row in rows)
        if failed:
            for row in rows:
                self.log.warning("%s (%s): %s: %s", *row)
            raise osc_exceptions.CommandError(f"{failed} of {len(rows)} servers were not moved")
        return ("Server", "Name", "Result", "Details"), rows


class _Evacuation:
    """Moves one server after the other, to the host with the fewest of those that this run has moved."""

    def __init__(self, client: Any, host: dict[str, Any], targets: Collection[str]) -> None:
        """Move from a host to those with these ids; if there are none, to all others of its cluster."""
        self._client = client
        self._host = host
        self._targets = targets
        self._given: Counter[str] = Counter()
        self._lock = threading.Lock()

    def move(self, server: Any) -> Row:
        """Move a server and say how that went."""
        try:
            target = self._choose(server.id)
            request = operation.begin(self._client, server.id, {ACTION: {"host": target}})
            outcome = operation.wait(
                self._client, server.id, request, seconds=None, on_progress=lambda _percent: None
            )
        except (exceptions.SDKException, osc_exceptions.CommandError) as error:
            return server.id, server.name, "failed", str(error)
        return server.id, server.name, "moved" if outcome.ok else "failed", outcome.details

    def _choose(self, server: str) -> str:
        hosts = [
            host
            for host in ask_candidates(self._client, server, {})["hosts"]
            if host["id"] != self._host["id"] and self._is_wanted(host)
        ]
        able = [host["moref"] for host in hosts if host["ok"]]
        if not able:
            reasons = " ".join(sorted({reason for host in hosts for reason in host["reasons"]}))
            raise osc_exceptions.CommandError(f"no host can take it. {reasons}")
        with self._lock:
            target = min(able, key=lambda host: self._given[host])
            self._given[target] += 1
        return str(target)

    def _is_wanted(self, host: dict[str, Any]) -> bool:
        if self._targets:
            return host["id"] in self._targets
        return bool(host["cluster"]["id"] == self._host["cluster"]["id"])


def _find_host(client: Any, name: str, vcenter: str | None = None) -> dict[str, Any]:
    response = client.get("/os-vmware-hosts", params={"host": name})
    exceptions.raise_from_response(response)
    found = [host for host in response.json()["hosts"] if vcenter in (None, host["vcenter"]["uuid"])]
    if len(found) != 1:
        raise osc_exceptions.CommandError(
            f"{len(found) or 'No'} ESXi hosts are called {name}; give the ID of `vmware host list --long`"
        )
    return dict(found[0])


def _servers_on(client: Any, host: dict[str, Any]) -> list[Any]:
    """Return the servers whose VM is on the host, as vCenter says now."""
    candidates = list(client.servers(all_projects=True, compute_host=host["service"]["host"]))

    def is_there(server: Any) -> bool:
        response = client.get(f"/servers/{server.id}/os-vmware-placement")
        if response.status_code in (404, 409):
            return False  # It is deleted meanwhile, or has no VM.
        exceptions.raise_from_response(response)
        where = response.json()["placement"]["host"]
        return bool(where and where["id"] == host["id"])

    with ThreadPoolExecutor(max_workers=_ASK_AT_ONCE) as pool:
        return [
            server for server, there in zip(candidates, pool.map(is_there, candidates), strict=True) if there
        ]
