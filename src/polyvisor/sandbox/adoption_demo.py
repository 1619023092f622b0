"""VMs that vCenter has become servers, in place; are used as such; and are let go of as they were found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from polyvisor.adoption import journal, plan_file
from polyvisor.adoption.apply import Outcome, apply
from polyvisor.adoption.cloud_reader import read_cloud, read_rooms
from polyvisor.adoption.clouds import Clouds
from polyvisor.adoption.discover import discover
from polyvisor.adoption.discovery import Discovery
from polyvisor.adoption.plan import Plan, Server
from polyvisor.adoption.plan_file import Earlier
from polyvisor.adoption.planner import make_plan
from polyvisor.adoption.release import Released, release
from polyvisor.adoption.verify import verify
from polyvisor.adoption.work import Progress as Step
from polyvisor.sandbox import cloud, configuration, vcenter
from polyvisor.sandbox.adoption_rules import PROJECT, rules
from polyvisor.sandbox.progress import Progress
from polyvisor.sandbox.settings import Settings
from polyvisor.vsphere import fingerprint

CLONE = "demo-clone"
COMMAND_SECONDS = 120
DELETE_SECONDS = 120
_PLENTY = {"instances": 1000, "cores": 10_000, "ram": 10_000_000}


class AdoptionDemo:
    """One run. It leaves nothing, and takes away what an earlier one that was interrupted has left."""

    def __init__(self, settings: Settings, console: Console, progress: Progress) -> None:
        self._settings, self._console, self._progress = settings, console, progress
        self._admin = cloud.connect(settings)
        self._names = {settings.instance_uuid(one): one.name for one in settings.vcenters}
        self._vcenters = {
            settings.instance_uuid(one): vcenter.connect(settings, one) for one in settings.vcenters
        }
        self._folder = settings.data / "adoption-demo"
        self._plan_path = self._folder / "plan.yaml"

    def keep(self) -> list[str]:
        """Adopt what is there, and leave it so until the next demo; return the servers."""
        with self._at_work() as written, self._progress.stage("adopt it once more, for good"):
            _make_room(self._admin)
            plan = self._plan(self._discover())
            outcome = apply(plan, Clouds(self._admin), self._vcenters, written, self._waiting)
        return list(outcome.adopted.values())

    @contextmanager
    def _at_work(self) -> Iterator[journal.Journal]:
        self._folder.mkdir(exist_ok=True)
        with (
            ExitStack() as sessions,
            journal.exclusive(self._plan_path),
            closing(journal.FileJournal(journal.beside(self._plan_path))) as written,
        ):
            for session in self._vcenters.values():
                sessions.enter_context(closing(session))
            yield written

    def run(self) -> list[str]:
        """Do it all, show it; return what is wrong."""
        with self._at_work() as written, _quotas(self._admin):
            with self._progress.stage("discover, check, plan"):
                self._release(written)
                found = self._discover()
                plan = self._plan(found)
            with self._progress.stage("adopt what is there"):
                before = self._prints(plan)
                outcome = apply(plan, Clouds(self._admin), self._vcenters, written, self._waiting)
            self._show(plan, outcome, written)
            wrong = [
                f"{vm} was not adopted: {why}" for vm, why in {**outcome.failed, **outcome.refused}.items()
            ]
            with self._progress.stage("snapshot, move, clone"):
                wrong += self._use(
                    found[0], next(item for item in plan.ready() if self._is_first(item, outcome)), outcome
                )
            with self._progress.stage("verify, release"):
                drifts = verify(plan, Clouds(self._admin), self._vcenters, written).differences
                wrong += [f"{item.vm}: {item.says}" for item in drifts if item.drift]
                released = self._release(written)
            wrong += [*map(str, released.left.values()), *self._compare(plan, before, released)]
        shutil.rmtree(self._folder)
        return wrong

    def _discover(self) -> list[Discovery]:
        return [discover(session, with_tags=False) for session in self._vcenters.values()]

    def _is_first(self, item: Server, outcome: Outcome) -> bool:
        return item.id in outcome.adopted and item.vcenter == self._settings.vcenter_uuid

    def _plan(self, found: Sequence[Discovery]) -> Plan:
        made, _ = make_plan(
            found,
            read_cloud(self._admin),
            rules(self._settings),
            Earlier(None),
            lambda projects: read_rooms(self._admin, projects),
        )
        plan_file.save(made, self._plan_path, Earlier(None))
        return made

    def _release(self, written: journal.Journal) -> Released:
        return release(Clouds(self._admin), self._vcenters, written, self._waiting)

    def _waiting(self, step: Step) -> None:
        self._progress.waiting(f"{step.about.rpartition(':')[2]}: {step.stage}")

    def _prints(self, plan: Plan) -> Mapping[str, fingerprint.Fingerprint]:
        return {
            f"{uuid}:{moref}": found
            for uuid, session in self._vcenters.items()
            for moref, found in fingerprint.read(
                session, [item.moref for item in plan.servers if item.vcenter == uuid]
            ).items()
        }

    def _show(self, plan: Plan, outcome: Outcome, written: journal.Journal) -> None:
        title = "VMs that were there, and what they are now; none was restarted"
        named = [Column(heading, no_wrap=True) for heading in ("vCenter", "VM", "moref")]
        address = Column("address", no_wrap=True)
        table = Table(*named, "decision", "server", address, "volumes", "seconds", title=title)
        vms = written.vms()
        for item in (item for item in plan.servers if item.adopt is not False):
            server = outcome.adopted.get(item.id)
            why = outcome.failed.get(item.id) or outcome.refused.get(item.id) or "; ".join(item.waits)
            volumes = [volume.volume for volume in item.volumes if volume.take] if server else []
            table.add_row(
                self._names[item.vcenter],
                item.vm.path.rpartition("/")[2],
                item.moref,
                "adopted" if server else f"left alone: {why}",
                (server or "")[:8],
                "\n".join(", ".join(port.addresses or ()) for port in item.made_ports) if server else "",
                "\n".join(volumes),
                str(vms[item.id].details.get("seconds", "")) if server else "",
            )
        self._console.print(table)

    # --- as any server ---

    def _use(self, found: Discovery, item: Server, outcome: Outcome) -> list[str]:
        server = outcome.adopted[item.id]
        self._openstack("demo", "snapshot", "create", "--wait", server, "by-openstack")
        host = self._other_host(found, item)
        self._openstack("admin", "migrate", "--all-projects", "--host", host, "--wait", server)
        self._openstack("demo", "clone", "--wait", server, CLONE)
        self._console.print(
            f"    {item.server}: snapshot taken, moved to {host} while it ran, cloned to {CLONE}"
        )
        self._openstack("demo", "snapshot", "delete", "--wait", server, "by-openstack")
        tenant = cloud.connect(self._settings, "demo")
        clone = tenant.compute.find_server(CLONE)
        if clone is None:
            return [f"there is no {CLONE}"]
        tenant.compute.delete_server(clone)
        tenant.compute.wait_for_delete(clone, interval=1, wait=DELETE_SECONDS)
        return []

    def _other_host(self, found: Discovery, item: Server) -> str:
        vm = next(vm for vm in found.vms if found.vm_id(vm) == item.id)
        home = found.entities[vm.host or ""]
        return next(
            entity.name
            for entity in found.entities.values()
            if entity.kind == "HostSystem" and entity.parent == home.parent and entity is not home
        )

    def _openstack(self, as_cloud: str, *words: str) -> None:
        """Run a command of ours as users do."""
        command = [str(Path(sys.prefix) / "bin" / "openstack"), "server", "vmware", *words]
        subprocess.run(
            command,
            env=os.environ | configuration.client_environment(self._settings, as_cloud),
            check=True,
            capture_output=True,
            timeout=COMMAND_SECONDS,
        )

    def _compare(
        self, plan: Plan, before: Mapping[str, fingerprint.Fingerprint], released: Released
    ) -> Iterator[str]:
        after = self._prints(plan)
        table = Table("vCenter", "VM", "before", "after release", title="Fingerprints of all settings")
        for item in plan.servers:
            if item.id in released.released:
                prints = [found[item.id] for found in (before, after)]
                table.add_row(
                    self._names[item.vcenter], item.server, *(found.digest[:16] for found in prints)
                )
                yield from fingerprint.difference(*prints, exact=True)
        self._console.print(table)


def _make_room(admin: Any) -> None:
    """Room for what is there, and the role that Cinder asks for."""
    identity = admin.identity
    project, user, role = (
        identity.find_project(PROJECT),
        identity.find_user("admin"),
        identity.find_role("admin"),
    )
    identity.assign_project_role_to_user(project, user, role)
    admin.compute.update_quota_set(project.id, **_PLENTY)
    admin.block_storage.update_quota_set(project.id, gigabytes=100_000)


@contextmanager
def _quotas(admin: Any) -> Iterator[None]:
    """Room for what is there; quotas are as before afterwards."""
    project = admin.identity.find_project(PROJECT)
    quota = admin.compute.get_quota_set(project.id)
    before = {name: getattr(quota, name) for name in _PLENTY}
    gigabytes = admin.block_storage.get_quota_set(project.id).gigabytes
    _make_room(admin)
    try:
        yield
    finally:
        admin.compute.update_quota_set(project.id, **before)
        admin.block_storage.update_quota_set(project.id, gigabytes=gigabytes)
