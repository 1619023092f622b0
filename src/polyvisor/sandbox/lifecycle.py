"""Bring a sandbox up, stage by stage, each of which can be interrupted and run again; and take it down."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from polyvisor.sandbox import (
    binaries,
    cloud,
    configuration,
    databases,
    identity,
    messages,
    packages,
    platform,
    probes,
    programs,
)
from polyvisor.sandbox.commands import once, run
from polyvisor.sandbox.kvm import bindings, guest
from polyvisor.sandbox.kvm import programs as kvm
from polyvisor.sandbox.program import Program
from polyvisor.sandbox.progress import Progress
from polyvisor.sandbox.settings import Settings, load, save
from polyvisor.sandbox.supervision import Supervisor, check_ports, kill_strays

COMPUTES_SECONDS = 240.0


class BusyError(Exception):
    """Another `polyvisor sandbox` command works on the same folder."""


class NotASandboxError(Exception):
    """The folder to be emptied does not hold a sandbox."""


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Let one command at a time change a sandbox. Raises BusyError."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"another `polyvisor sandbox` command is at work in {root}; wait for it to end"
            ) from None
        yield


def up(settings: Settings, progress: Progress) -> None:
    """Make everything there that is missing, and start everything that is stopped."""
    supervisor = Supervisor(settings)
    kill_strays(settings.root, spare=supervisor.family())
    if not supervisor.is_running():
        # Before anything is made: the ports go into databases, and are the sandbox's for good.
        check_ports(settings, settings.ports)
    save(settings)
    with progress.stage("Debian packages"):
        packages.release_services()
        if names := packages.missing(kvm=settings.kvm or settings.second):
            progress.waiting(f"apt-get to install {', '.join(names)}")
            packages.install(names)
    with progress.stage("vCenter simulator, govc"):
        binaries.build(settings)
    with progress.stage("configuration"):
        _configure(settings, supervisor)
    openstacks = settings.openstacks
    with progress.stage("database, messages, vCenter"):
        databases.initialize(settings)
        _start(supervisor, programs.infrastructure(settings), progress)
        for one in openstacks:
            databases.create(one)
            messages.create_virtual_host(one)
    if with_kvm := [one for one in openstacks if one.kvm]:
        with progress.stage("KVM host"):
            progress.waiting("a kernel and busybox for its guests, from Debian")
            guest.build(settings)
            bindings.link(settings)
            for layers in zip(*map(kvm.layers, with_kvm), strict=True):
                _start(supervisor, itertools.chain(*layers), progress)
    _bring_up(openstacks, supervisor, progress)
    if settings.op:
        with progress.stage("operations platform"):
            _start(supervisor, programs.platform(settings), progress)
            platform.register(settings, progress.waiting)


def _bring_up(openstacks: list[Settings], supervisor: Supervisor, progress: Progress) -> None:
    """Take all OpenStacks through the same stages side by side."""
    with progress.stage("database schemas"):
        progress.waiting("migrations of keystone, placement, glance, neutron, nova, cinder")
        _each(openstacks, _migrate)
    with progress.stage("identity"):
        for one in openstacks:
            identity.prepare_keys(one)
            once(one, "identity", partial(identity.bootstrap, one))
        _start(supervisor, [programs.control_plane(one)[0] for one in openstacks], progress)
        _each(openstacks, _seed_identity)
    with progress.stage("OpenStack services"):
        _start(
            supervisor, [program for one in openstacks for program in programs.control_plane(one)], progress
        )
    with progress.stage("compute and volume services"):
        _start(supervisor, [program for one in openstacks for program in programs.computes(one)], progress)
        _each(openstacks, partial(_wait_for_hypervisors, progress=progress))
    with progress.stage("flavors, network, volume type, image"):
        _each(openstacks, partial(_seed, progress=progress))


def _each(openstacks: list[Settings], action: Callable[[Settings], object]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(action, openstacks))


def _migrate(settings: Settings) -> None:
    databases.migrate(settings)
    once(settings, "nova-cell1", lambda: _create_cell(settings))


def _seed_identity(settings: Settings) -> None:
    names = len(identity.services(settings))
    once(settings, f"identity-seed-{names}", lambda: identity.seed(settings, cloud.connect(settings)))


def _wait_for_hypervisors(settings: Settings, progress: Progress) -> None:
    # Only a token that is newer than the endpoints knows them.
    administrator = cloud.connect(settings)
    probes.wait(cloud.services_are_up(settings, administrator), COMPUTES_SECONDS, progress.waiting)
    once(settings, "nova-hosts", lambda: _nova_cells(settings, "discover_hosts"))
    probes.wait(cloud.hypervisors_are_found(settings, administrator), COMPUTES_SECONDS, progress.waiting)


def _seed(settings: Settings, progress: Progress) -> None:
    administrator = cloud.connect(settings)
    seeds = {"seed-volume-type": cloud.seed}
    if settings.kvm:
        seeds["seed-kvm"] = cloud.seed_kvm
    if len(settings.vcenters) > 1:
        seeds["seed-second-vcenter"] = cloud.seed_volume_types
    if settings.second:
        seeds["seed-common"] = cloud.seed_common
    for name, seed in seeds.items():
        once(settings, name, partial(seed, settings, administrator, progress.waiting))


def _configure(settings: Settings, supervisor: Supervisor) -> None:
    changed = configuration.render(settings)
    if changed and supervisor.is_running():
        supervisor.stop_all()
    supervisor.ensure_running()


def _start(supervisor: Supervisor, some: Iterable[Program], progress: Progress) -> None:
    some = list(some)
    supervisor.start(some)
    for program in some:
        supervisor.wait(program, progress.waiting)


def _create_cell(settings: Settings) -> None:
    if " cell1 " not in _nova_cells(settings, "list_cells"):
        _nova_cells(settings, "create_cell", "--name", "cell1")


def _nova_cells(settings: Settings, *command: str) -> str:
    config = f"{settings.etc}/nova/nova.conf"
    return run(settings, ("nova-manage", "--config-file", config, "cell_v2", *command))


def down(settings: Settings) -> None:
    """Stop every process of the sandbox; its data stay."""
    Supervisor(settings).shut_down()


def reset(root: Path) -> None:
    """Stop every process and delete the sandbox's folder. Raises NotASandboxError."""
    if not (root / "sandbox.json").exists() and any(root.iterdir()):
        raise NotASandboxError(f"{root} holds no sandbox (no sandbox.json); nothing was deleted")
    if settings := load(root):
        Supervisor(settings).shut_down()
    kill_strays(root)
    shutil.rmtree(root)
