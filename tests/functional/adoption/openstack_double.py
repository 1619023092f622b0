"""As much of the APIs of OpenStack as adoption uses, in memory: a client can be killed at each point in turn.

Nothing is judged by it but order and repetition: what real services take and refuse is tested in e2e.
"""

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import requests

from polyvisor.adoption.cloud import Cloud, Compute

PROJECT = "0123456789abcdef0123456789abcdef"
Item = dict[str, Any]


class Killed(BaseException):
    """The process was killed with SIGKILL: nothing of it goes on, no handler of exceptions runs."""


class Fuse:
    """Kills at the n-th point; from then on whatever the process would do."""

    def __init__(self, at: int | None = None) -> None:
        self._left = at
        self._lock = threading.Lock()
        self.blown = False

    def __call__(self) -> None:
        with self._lock:
            if self._left is not None and not self.blown:
                self._left -= 1
                self.blown = self._left < 0
            if self.blown:
                raise Killed


class OpenStack:
    """What is there. Its connections, one for each process, come from `connect`."""

    def __init__(self, computes: Mapping[str, Compute]) -> None:
        self.tables: dict[str, dict[str, Item]] = {
            name: {}
            for name in (
                "networks",
                "subnets",
                "rbac_policies",
                "mappings",
                "ports",
                "flavors",
                "servers",
                "volumes",
            )
        }
        #: Id of a server -> when it went.
        self.deleted: dict[str, float] = {}
        self._computes = computes
        self.lock = threading.RLock()
        #: Name of a server -> it ends in error.
        self.failing: set[str] = set()
        #: Name of a server or volume -> the service that makes it was killed, and has lost it.
        self.lost: set[str] = set()
        #: Name of a server -> its release is taken, and fails.
        self.keeping: set[str] = set()

    def connect(self, fuse: Fuse) -> Any:
        """A connection as openstacksdk's, as far as it is used."""
        services = {
            name: Service(kind, handle, fuse, self.lock)
            for name, kind, handle in (
                ("network", "network", self.neutron),
                ("compute", "compute", self.nova),
                ("block_storage", "block-storage", self.cinder),
            )
        }
        return SimpleNamespace(
            **services,
            current_project_id=PROJECT,
            current_user_id="me",
            has_service=lambda _name: True,
        )

    def read(self, _connection: Any) -> Cloud:
        """Instead of `read_cloud`."""
        return Cloud(projects={PROJECT: "shop"}, computes=self._computes)

    def counted(self) -> dict[str, int]:
        """How many there are of each."""
        return {name: len(items) for name, items in self.tables.items()}

    def _add(self, table: str, item: Item) -> Item:
        item = {"id": str(uuid.uuid4()), "updated": time.time(), **item}
        self.tables[table][item["id"]] = item
        return item

    def _listed(self, table: str, query: Mapping[str, Any]) -> list[Item]:
        wanted = {key: value if isinstance(value, list) else [value] for key, value in query.items()}
        wanted.pop("fields", None)
        return [
            item
            for item in self.tables[table].values()
            if all(str(item.get(key)) in map(str, values) for key, values in wanted.items())
        ]

    # --- services ---

    def neutron(  # noqa: PLR0911 - one line for each
        self, method: str, path: str, body: Any, query: Mapping[str, Any]
    ) -> Any:
        if path == "/extensions":
            aliases = ("port-security", "security-group", "vmware-port-group")
            return 200, {"extensions": [{"alias": alias} for alias in aliases]}
        names = {
            "/networks": ("networks", "network"),
            "/subnets": ("subnets", "subnet"),
            "/rbac-policies": ("rbac_policies", "rbac_policy"),
            "/vmware-port-group-mappings": ("mappings", "vmware_port_group_mapping"),
            "/ports": ("ports", "port"),
        }
        collection, _, key = path.rpartition("/") if path not in names else (path, "", "")
        table, singular = names[collection]
        if method == "DELETE":
            if table == "networks" and any(p["network_id"] == key for p in self.tables["ports"].values()):
                return 409, {"NeutronError": "in use"}
            return (204, None) if self.tables[table].pop(key, None) else (404, {})
        if method == "POST" and f"{singular}s" in body:
            macs = {(port["network_id"], port["mac_address"]) for port in self.tables["ports"].values()}
            if any((port["network_id"], port["mac_address"]) in macs for port in body["ports"]):
                return 409, {"NeutronError": {"message": "the MAC address is in use"}}
            new = [
                self._add("ports", {"device_owner": "", "device_id": "", **port}) for port in body["ports"]
            ]
            return 201, {"ports": new}
        if method == "POST":
            return 201, {singular: self._add(table, body[singular])}
        return 200, {f"{singular}s" if singular != "rbac_policy" else table: self._listed(table, query)}

    def nova(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Any:
        if path == "/os-server-adopt":
            return self._adopt(body["server"])
        if path == "/flavors":
            return 200, {"flavor": self._add("flavors", body["flavor"])}
        if path == "/flavors/detail":
            return 200, {"flavors": list(self.tables["flavors"].values())}
        if found := re.fullmatch(r"/flavors/([^/]+)(/action)?", path):
            return (202, None) if found[2] or self.tables["flavors"].pop(found[1], None) else (404, {})
        if path in {"/servers", "/servers/detail"}:
            return 200, {"servers": self._servers(query)}
        return self._server(method, path, body)

    def _adopt(self, wanted: Item) -> Any:
        if any(server["vm"] == wanted["vm"] for server in self.tables["servers"].values()):
            return 409, {"conflict": {"message": f"VM {wanted['vm']} is being adopted"}}
        name = wanted["name"]
        status = "BUILD" if name in self.lost else "ERROR" if name in self.failing else "ACTIVE"
        state = {"status": status, "OS-EXT-STS:task_state": None, "fault": {"message": "vCenter said no"}}
        server = self._add("servers", wanted | state)
        for port in wanted["ports"]:
            self.tables["ports"][port["port"]]["device_id"] = server["id"]
        for volume in wanted.get("volumes", ()):
            self.tables["volumes"][volume]["status"] = "in-use"
        return 202, {"server": server}

    def _servers(self, query: Mapping[str, Any]) -> list[Item]:
        statuses = query.get("status")
        every = list(self.tables["servers"].values())
        if "flavor" in query:
            return [server for server in every if server["flavor"] == query["flavor"]]
        if statuses == ["DELETED"]:
            every = [{"id": key, "updated": at, "status": "DELETED"} for key, at in self.deleted.items()]
        since = datetime.fromisoformat(query["changes-since"]).timestamp() if "changes-since" in query else 0
        found = [server for server in every if statuses is None or server["status"] in statuses]
        return [server for server in found if server["updated"] >= since]

    def _server(self, method: str, path: str, body: Any) -> Any:
        key = path.split("/")[2]
        server = self.tables["servers"].get(key)
        if server is None:
            return 404, {}
        if method == "GET":
            return 200, {"server": server}
        if (method == "DELETE") != (server["status"] in {"BUILD", "ERROR"}):
            return 409, {}
        assert method == "DELETE" or "os-server-release" in body
        if server["name"] in self.keeping:
            return 202, None
        del self.tables["servers"][key]
        self.deleted[key] = time.time()
        for volume in server.get("volumes", ()):
            self.tables["volumes"][volume]["status"] = "available"
        return 202, None

    def cinder(  # noqa: PLR0911 - one line for each
        self, method: str, path: str, body: Any, query: Mapping[str, Any]
    ) -> Any:
        if path == "/manageable_volumes":
            return self._manage(body["volume"]) if method == "POST" else (400, {})
        if path == "/scheduler-stats/get_pools":
            return 200, {"pools": [{"name": "host@vcenter#vcenter", "capabilities": {}}]}
        if path == "/volumes/detail":
            return 200, {"volumes": list(self.tables["volumes"].values())}
        key = path.split("/")[2]
        volume = self.tables["volumes"].get(key)
        if volume is None:
            return 404, {}
        if path.endswith("/action"):
            if "os-reset_status" in body:
                volume["status"] = body["os-reset_status"]["status"]
                return 202, None
            if volume["status"] not in {"available", "error"}:
                return 400, {}
            del self.tables["volumes"][key]
            return 202, None
        return 200, {"volume": volume}

    def _manage(self, wanted: Item) -> Any:
        if any(volume["ref"] == wanted["ref"] for volume in self.tables["volumes"].values()):
            return 202, {"volume": self._add("volumes", {**wanted, "status": "error"})}
        status = "creating" if wanted["name"] in self.lost else "available"
        return 202, {"volume": self._add("volumes", {**wanted, "status": status})}


class Service:
    """One of a connection's proxies. Each request has two points at which the process can be killed."""

    def __init__(
        self, kind: str, handle: Callable[[str, str, Any, Mapping[str, Any]], Any], fuse: Fuse, lock: Any
    ) -> None:
        self.service_type = kind
        self._handle, self._fuse, self._lock = handle, fuse, lock

    def request(self, path: str, method: str, **rest: Any) -> requests.Response:
        self._fuse()
        if path == "/":
            return _response(200, {})
        with self._lock:
            status, body = self._handle(method, path, rest.get("json"), rest.get("params") or {})
            body = json.loads(json.dumps(body))
        self._fuse()
        return _response(status, body)


def _response(status: int, body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.headers["content-type"] = "application/json"
    response._content = b"" if body is None else json.dumps(body).encode()
    response.url = "memory:"
    return response
