"""What the inventory reads of OpenStacks, made up and quick: ``python -m benchmarks.synthetic_cloud``.

Only to measure against; whether the inventory is right is tested on a real OpenStack. Prints the URLs of the
clouds' Keystones, and serves until its standard input is closed.
"""

from __future__ import annotations

import argparse
import bisect
import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

STATUSES = ("ACTIVE",) * 17 + ("SHUTOFF",) * 2 + ("ERROR",)
PROJECTS = 20
HOSTS = 100
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = {"id": "v2.1", "status": "CURRENT", "version": "2.96", "min_version": "2.1"}
V3 = {"id": "v3.14", "status": "stable"}


class Cloud:
    """Everything one cloud has, as JSON that was made once."""

    def __init__(self, number: int, servers: int, port: int) -> None:
        self.number = number
        self.url = f"http://127.0.0.1:{port}"
        self.lists = {
            "servers": {self._id(4, one): self._server(one) for one in range(servers)},
            "ports": {self._id(5, one): self._port(one) for one in range(servers)},
            "volumes": {self._id(6, one): self._volume(one) for one in range(servers // 4)},
            "networks": {self._id(7, one): self._network(one) for one in range(PROJECTS)},
            "subnets": {},
            "images": {},
            "flavors": {"1": {"id": "1", "name": "m1.small", "vcpus": 2, "ram": 2048, "disk": 20}},
            "projects": {self._id(3, one): self._project(one) for one in range(PROJECTS)},
        }
        self.encoded = {
            name: {k: json.dumps(v) for k, v in part.items()} for name, part in self.lists.items()
        }
        self.keys = {name: sorted(part) for name, part in self.lists.items()}

    def _id(self, kind: int, number: int) -> str:
        return f"{kind:08x}-{self.number:04x}-4000-8000-{number:012x}"

    def _server(self, number: int) -> dict[str, Any]:
        created = BEGAN + timedelta(minutes=number)
        role = ("web", "db", "app", "batch")[number % 4]
        return {
            "id": self._id(4, number),
            "name": f"{role}-{number * 7919 % 100_000:05}-c{self.number}",
            "status": STATUSES[number % len(STATUSES)],
            "tenant_id": self._id(3, number % PROJECTS),
            "user_id": "u" * 32,
            "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "updated": f"{created:%Y-%m-%dT%H:%M:%SZ}",
            "addresses": {"lan": [{"addr": f"10.{self.number}.{number >> 8}.{number & 255}", "version": 4}]},
            "flavor": {"original_name": "m1.small", "vcpus": 2, "ram": 2048, "disk": 20},
            "image": {"id": self._id(8, 0)},
            "metadata": {"owner": f"team-{number % 37}"},
            "OS-EXT-STS:power_state": 1,
            "OS-EXT-SRV-ATTR:host": f"compute-{number % HOSTS}",
            "OS-EXT-SRV-ATTR:hypervisor_hostname": f"compute-{number % HOSTS}",
            "OS-EXT-AZ:availability_zone": "nova",
        }

    def _port(self, number: int) -> dict[str, Any]:
        address = f"10.{self.number}.{number >> 8}.{number & 255}"
        return {
            "id": self._id(5, number),
            "name": "",
            "status": "ACTIVE",
            "mac_address": f"fa:16:3e:{self.number:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
            "project_id": self._id(3, number % PROJECTS),
            "network_id": self._id(7, number % PROJECTS),
            "device_id": self._id(4, number),
            "device_owner": "compute:nova",
            "fixed_ips": [{"ip_address": address}],
        }

    def _volume(self, number: int) -> dict[str, Any]:
        return {
            "id": self._id(6, number),
            "name": f"disk-{number:05}",
            "status": "in-use",
            "size": 20,
            "os-vol-tenant-attr:tenant_id": self._id(3, number % PROJECTS),
            "attachments": [{"server_id": self._id(4, number)}],
        }

    def _network(self, number: int) -> dict[str, Any]:
        project = self._id(3, number)
        return {"id": self._id(7, number), "name": f"lan-{number}", "status": "ACTIVE", "project_id": project}

    def _project(self, number: int) -> dict[str, Any]:
        return {"id": self._id(3, number), "name": f"project-{number}", "enabled": True}

    def change(self, number: int) -> str:
        """Have a server change at this moment; give its id."""
        key = self._id(4, number)
        server = self.lists["servers"][key]
        server["status"] = "SHUTOFF" if server["status"] == "ACTIVE" else "ACTIVE"
        server["updated"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self.encoded["servers"][key] = json.dumps(server)
        return key

    def page(self, name: str, query: dict[str, str]) -> str:
        """A page of a list, with the link to the next."""
        keys = self.keys[name]
        if since := query.get("changes-since"):
            wanted = datetime.fromisoformat(since)
            part = self.lists[name]
            keys = [key for key in keys if datetime.fromisoformat(part[key]["updated"]) >= wanted]
        first = bisect.bisect_right(keys, query["marker"]) if "marker" in query else 0
        limit = int(query.get("limit", 1000))
        shown = keys[first : first + limit]
        items = ",".join(self.encoded[name][key] for key in shown)
        more = f', "{name}_links": [{{"rel": "next"}}]' if first + limit < len(keys) else ""
        return f'{{"{name}": [{items}]{more}}}'

    def token(self) -> dict[str, Any]:
        """A token with the catalogue."""
        services = {"identity": "/v3", "compute": "/compute/v2.1", "network": "/network", "image": "/image"}
        services |= {"block-storage": "/volume/v3"}
        catalog = [
            {
                "type": kind,
                "name": kind,
                "id": kind,
                "endpoints": [
                    {
                        "id": kind,
                        "interface": "public",
                        "region": "one",
                        "region_id": "one",
                        "url": self.url + path,
                    }
                ],
            }
            for kind, path in services.items()
        ]
        return {
            "token": {
                "methods": ["password"],
                "expires_at": "2099-01-01T00:00:00.000000Z",
                "issued_at": "2026-01-01T00:00:00.000000Z",
                "user": {"id": "u", "name": "admin", "domain": {"id": "default", "name": "Default"}},
                "project": {
                    "id": self._id(3, 0),
                    "name": "admin",
                    "domain": {"id": "default", "name": "Default"},
                },
                "roles": [{"id": "r", "name": "admin"}],
                "catalog": catalog,
            }
        }

    def versions(self, path: str) -> Any:
        """The version documents of the services."""
        if path.startswith("/v3"):
            return {"version": V3 | {"links": [{"rel": "self", "href": f"{self.url}/v3"}]}}
        if path.startswith("/compute"):
            return {"version": VERSION | {"links": [{"rel": "self", "href": f"{self.url}/compute/v2.1"}]}}
        kind, version = {
            "/network": ("network", "v2.0"),
            "/image": ("image", "v2.9"),
            "/volume": ("volume", "v3.0"),
        }["/" + path.split("/")[1]]
        link = {
            "rel": "self",
            "href": f"{self.url}/{kind}/{version.split('.')[0] if kind != 'network' else version}",
        }
        return {"versions": [{"id": version, "status": "CURRENT", "links": [link]}]}

    def compute(self) -> dict[str, Any]:
        """Compute services and hypervisors."""
        names = [f"compute-{one}" for one in range(HOSTS)]
        capacity = {"vcpus": 64, "memory_mb": 524288, "local_gb": 4000}
        return {
            "services": [
                {"id": name, "host": name, "state": "up", "status": "enabled", "binary": "nova-compute"}
                for name in names
            ],
            "hypervisors": [
                {
                    "id": name,
                    "hypervisor_hostname": name,
                    "hypervisor_type": "QEMU",
                    "service": {"host": name, "id": name},
                }
                | capacity
                for name in names
            ],
        }


class Handler(BaseHTTPRequestHandler):
    """Answers for the cloud of the server's port."""

    protocol_version = "HTTP/1.1"
    cloud: Cloud

    def do_GET(self) -> None:
        """Answer lists and version documents; whatever else is not there."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        last = [one for one in url.path.split("/") if one]
        name = last[-2] if last[-1:] == ["detail"] else (last[-1] if last else "")
        if name in {"os-services", "os-hypervisors"}:
            return self._answer(json.dumps(self.cloud.compute()))
        if name in self.cloud.lists:
            return self._answer(self.cloud.page(name, query))
        if name in {"v3", "v2.1", "network", "image", "volume", "v2.0", "v2"}:
            return self._answer(json.dumps(self.cloud.versions(url.path)))
        return self._answer("{}", 404)

    def do_POST(self) -> None:
        """Give tokens, and change a server when the benchmark says so."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/change/"):
            return self._answer(json.dumps(self.cloud.change(int(self.path.rpartition("/")[2]))))
        return self._answer(json.dumps(self.cloud.token()), 201)

    def _answer(self, body: str, status: int = 200) -> None:
        encoded = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.send_header("X-Subject-Token", "token")
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def serve(number: int, servers: int) -> str:
    """Serve a cloud on a free port; give its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cloud = Cloud(number, servers, server.server_address[1])
    server.RequestHandlerClass = type("Bound", (Handler,), {"cloud": cloud})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return cloud.url


def main() -> None:
    """Serve until the standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clouds", type=int, default=10)
    parser.add_argument("--servers", type=int, default=10_000)
    options = parser.parse_args()
    urls = [serve(number, options.servers) for number in range(options.clouds)]
    print(json.dumps(urls), flush=True)
    while sys.stdin.readline():
        time.sleep(0)


if __name__ == "__main__":
    main()
