"""The operations platform: each cloud's verdict on one request, a server on each, adopted VMs among all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

from polyvisor.sandbox import adoption_demo, cloud, platform, probes
from polyvisor.sandbox.platform_client import PlatformClient, PlatformError
from polyvisor.sandbox.progress import Progress
from polyvisor.sandbox.settings import Settings

#: Of the servers that are made, which stay until the next demo.
PREFIX = "op-"
READ_SECONDS = 180
OPERATION_SECONDS = 300


class PlatformDemo:
    """One run; what it makes stays, to be looked at."""

    def __init__(self, settings: Settings, console: Console, progress: Progress) -> None:
        self._settings, self._console, self._progress = settings, console, progress
        self._client = PlatformClient(settings)

    def run(self) -> None:
        """Do it all, show it. Raises PlatformError, ProbeTimeoutError."""
        with self._progress.stage("the platform reads its clouds"):
            self._wait(self._unread)
            tenant = self._client.call("GET", "tenants")["items"][0]["id"]
            self._wait(lambda: self._unready(tenant))
            self._tidy_up()
        self._show_verdicts(self._client.call("POST", "servers", **self._wanted(tenant, "web"), dry_run=True))
        with self._progress.stage("a server on each cloud"):
            self._make(tenant)
        adopted = adoption_demo.AdoptionDemo(self._settings, self._console, self._progress).keep()
        with self._progress.stage("the platform sees them"):
            self._wait(lambda: self._unseen(adopted))
        self._show_servers(set(adopted))
        show_login(self._settings, self._console)

    # --- what there is ---

    def _unread(self) -> str | None:
        open_ones = [
            one["name"] for one in self._client.call("GET", "overview")["clouds"] if not one["complete"]
        ]
        return f"cloud {', '.join(open_ones)} to be read" if open_ones else None

    def _unready(self, tenant: str) -> str | None:
        projects = self._client.call("GET", f"tenants/{tenant}/projects")["items"]
        open_ones = [f"{one['name']} ({one['reason']})" for one in projects if one["state"] != "ready"]
        return f"project {', '.join(open_ones)} to be ready" if open_ones else None

    def _unseen(self, servers: Iterable[str]) -> str | None:
        ready = {one["external_id"] for one in self._servers() if one["status"] != "BUILD"}
        missing = set(servers) - ready
        return f"{len(missing)} adopted servers to be in the inventory" if missing else None

    def _servers(self) -> list[Any]:
        found: list[Any] = self._client.call("GET", "resources?kind=server&limit=1000")["items"]
        return found

    # --- servers ---

    def _wanted(self, tenant: str, name: str) -> dict[str, Any]:
        image = cloud.COMMON_IMAGE if self._settings.second else cloud.IMAGE
        place = {"image": image, "networks": [cloud.NETWORK], "flavor": "tiny"}
        return {"name": f"{PREFIX}{name}", "tenant_id": tenant} | place

    def _make(self, tenant: str) -> None:
        for one in self._settings.openstacks:
            hypervisor = "vmware" if one.vcenters else "kvm"
            wanted = self._wanted(tenant, f"on-{hypervisor}") | {"hypervisor": hypervisor}
            self._finish(self._client.call("POST", "servers", **wanted))

    def _tidy_up(self) -> None:
        old = [one for one in self._servers() if one["name"].startswith(PREFIX)]
        for server in old:
            path = f"resources/{server['id']}/actions"
            self._finish(self._client.call("POST", path, action="delete"))

    def _finish(self, operation: dict[str, Any]) -> None:
        def probe() -> str | None:
            operation.update(self._client.call("GET", f"operations/{operation['id']}"))
            doing = f"{operation['action']} of {operation['resource_name']}"
            return None if operation["finished"] else f"{doing} ({operation['progress']} %)"

        probes.wait(probe, OPERATION_SECONDS, self._progress.waiting)
        if operation["state"] != "succeeded":
            raise PlatformError(
                f"{operation['action']} of {operation['resource_name']}: {operation['reason']}"
            )

    def _wait(self, probe: Callable[[], str | None]) -> None:
        probes.wait(probe, READ_SECONDS, self._progress.waiting)

    # --- what is shown ---

    def _show_verdicts(self, answer: dict[str, Any]) -> None:
        title = "One request; where it could go, and why not elsewhere"
        table = Table("cloud", "hypervisor", "verdict", title=title, title_justify="left")
        for one in answer["candidates"]:
            verdict = f"fits, score {one['score']}" if one["ok"] else one["reason"]
            table.add_row(one["cloud"], one["hypervisor"], verdict)
        self._console.print(table)

    def _show_servers(self, adopted: set[str]) -> None:
        clouds = {one["id"]: one["name"] for one in self._client.call("GET", "clouds")["items"]}
        table = Table(
            "server", "cloud", "status", "", title="One inventory of all clouds", title_justify="left"
        )
        for one in self._servers():
            note = "adopted" if one["external_id"] in adopted else ""
            table.add_row(one["name"], clouds[one["cloud_id"]], one["status"], note)
        self._console.print(table)


def show_login(settings: Settings, console: Console) -> None:
    """Say where the platform is, and how to log in; the password itself is not shown."""
    console.print(f"The operations platform: {settings.url('op')}", soft_wrap=True)
    console.print(f"  user admin; its password: cat {platform.password_file(settings)}", soft_wrap=True)
