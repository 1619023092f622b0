"""Bring a sandbox up, stage by stage, each of which can be interrupted and run again; and take it down."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from polyvisor.sandbox import binaries, cloud, configuration, databases, identity, packages, probes, programs
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
        if names := packages.missing(kvm=settings.kvm):
            progress.waiting(f"apt-get to install {', '.join(names)}")
            packages.install(names)
    with progress.stage("vCenter simulator, govc"):
        binaries.build(settings)
    with progress.stage("configuration"):
        _configure(settings, supervisor)
    with progress.stage("database, messages, vCenter"):
        databases.initialize(settings)
        _start(supervisor, programs.infrastructure(settings), progress)
        databases.create(settings)
    if settings.kvm:
        with progress.stage("KVM host"):
            progress.waiting("a kernel and busybox for its guests, from Debian")
            guest.build(settings)
            bindings.link(settings)
            for layer in kvm.layers(settings):
                _start(supervisor, layer, progress)
    with progress.stage("database schemas"):
        progress.waiting("migrations of keystone, placement, glance, neutron, nova, cinder")
        databases.migrate(settings)
        once(settings, "nova-cell1", lambda: _create_cell(settings))
    with progress.stage("identity"):
        identity.prepare_keys(settings)
        once(settings, "identity", lambda: identity.bootstrap(settings))
        keystone, *others = programs.control_plane(settings)
        _start(supervisor, [keystone], progress)
        once(
            settings,
            f"identity-seed-{len(identity.SERVICES)}",
            lambda: identity.seed(settings, cloud.connect(settings)),
        )
    with progress.stage("OpenStack services"):
        _start(supervisor, others, progress)
    # Only a token that is newer than the endpoints knows them.
    administrator = cloud.connect(settings)
    with progress.stage("compute and volume services"):
        _start(supervisor, programs.computes(settings), progress)
        probes.wait(cloud.services_are_up(settings, administrator), COMPUTES_SECONDS, progress.waiting)
        once(settings, "nova-hosts", lambda: _nova_cells(settings, "discover_hosts"))
        probes.wait(cloud.hypervisors_are_found(settings, administrator), COMPUTES_SECONDS, progress.waiting)
    with progress.stage("flavors, network, volume type, image"):
        once(settings, "seed-volume-type", lambda: cloud.seed(settings, administrator, progress.waiting))
        if settings.kvm:
            once(settings, "seed-kvm", lambda: cloud.seed_kvm(settings, administrator, progress.waiting))


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
