"""`polyvisor sandbox`: an all-in-one real OpenStack over a simulated vCenter."""

from __future__ import annotations

import dataclasses
import datetime
import os
import shlex
import subprocess
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from polyvisor.sandbox import (
    binaries,
    commands,
    configuration,
    demo,
    inventory,
    lifecycle,
    packages,
    platform_client,
    platform_demo,
    probes,
    programs,
    supervision,
)
from polyvisor.sandbox.kvm import namespace
from polyvisor.sandbox.progress import Progress
from polyvisor.sandbox.settings import (
    DEFAULT_PORT_BASE,
    Settings,
    SettingsError,
    create,
    default_root,
    load,
    ports_from,
)

#: Users of the OpenStacks, as clouds.yaml has them.
USERS = [one.named(user) for one in inventory.OPENSTACKS for user in ("admin", "demo", "system")]
VCENTERS = {one.name: one for one in inventory.VCENTERS}
#: What can go wrong with a message that says all: no traceback is shown.
EXPECTED = (
    SettingsError,
    commands.CommandFailedError,
    demo.DemoFailedError,
    lifecycle.BusyError,
    lifecycle.NotASandboxError,
    packages.PackagesError,
    platform_client.PlatformError,
    probes.ProbeTimeoutError,
    binaries.BuildError,
    supervision.PortTakenError,
    supervision.ProgramFailedError,
)


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except EXPECTED as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_root,
    envvar="POLYVISOR_SANDBOX_ROOT",
    show_default="the user's data folder",
    help="The folder everything lives under.",
)
@click.pass_context
def sandbox(ctx: click.Context, root: Path) -> None:
    """An all-in-one real OpenStack over a simulated vCenter, for demo, tests and development."""
    ctx.obj = root.resolve()


def _port(_ctx: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    ports = {}
    for value in values:
        name, _, number = value.partition("=")
        if not number.isdigit():
            raise click.BadParameter(f"{value!r} is not of the form NAME=NUMBER, as in nova=8774")
        ports[name] = int(number)
    return ports


@sandbox.command()
@click.option(
    "--port-base", type=int, help=f"First port of all.  [default: {DEFAULT_PORT_BASE}, or as before]"
)
@click.option(
    "--port", "ports", multiple=True, callback=_port, metavar="NAME=NUMBER", help="Port of one service."
)
@click.option(
    "--vms", type=click.IntRange(0, 20000), help="Brownfield VMs in vCenter.  [default: 12, or as before]"
)
@click.option("--kvm", is_flag=True, help="With a KVM host, which it keeps from then on. Needs root.")
@click.option(
    "--second-cloud",
    "second",
    is_flag=True,
    help="With a second OpenStack, over a KVM host of its own, kept from then on. Needs root.",
)
@click.option(
    "--second-vcenter", is_flag=True, help="With a second vCenter of the same morefs, kept from then on."
)
@click.option("--op", is_flag=True, help="With the operations platform over it, kept from then on.")
@click.pass_obj
def up(  # noqa: PLR0913, PLR0917 - one for each option
    root: Path,
    port_base: int | None,
    ports: dict[str, int],
    vms: int | None,
    kvm: bool,
    second: bool,
    second_vcenter: bool,
    op: bool,
) -> None:
    """Start it, making whatever is missing. Can be interrupted, and run again, at any time."""
    console = Console()
    with lifecycle.exclusive(root):
        settings = _wanted(root, port_base, ports, vms)
        settings = dataclasses.replace(
            settings,
            kvm=settings.kvm or kvm,
            second=settings.second or second,
            second_vcenter=settings.second_vcenter or second_vcenter,
            op=settings.op or op,
        )
        progress = Progress(console)
        lifecycle.up(settings, progress)
    progress.summary(f"Sandbox ready in {root}")
    if settings.op:
        platform_demo.show_login(settings, console)
    console.print(
        f'Use it:  eval "$(polyvisor sandbox --root {root} env)"; openstack server list', soft_wrap=True
    )


def _wanted(root: Path, port_base: int | None, ports: dict[str, int], vms: int | None) -> Settings:
    """The sandbox that is there, or a new one. Raises SettingsError if it was made otherwise."""
    existing = load(root)
    if existing is None:
        base = port_base or DEFAULT_PORT_BASE
        return create(root, port_base=base, ports=ports_from(base, ports), vms=12 if vms is None else vms)
    base = port_base or existing.port_base
    asked_ports = ports_from(base, ports) if port_base else existing.ports | ports
    if asked_ports != existing.ports or vms not in {None, existing.vms}:
        raise SettingsError(
            f"the sandbox in {root} was made with other ports or --vms; its catalog and vCenter keep those: "
            f"leave the options out, or `polyvisor sandbox --root {root} reset` first"
        )
    return existing


def _existing(root: Path) -> Settings:
    settings = load(root)
    if settings is None:
        raise SettingsError(f"no sandbox in {root}: `polyvisor sandbox --root {root} up` makes one")
    return settings


def _second(settings: Settings) -> Settings:
    if not settings.second:
        raise SettingsError(
            f"no second OpenStack in {settings.root}: "
            f"`polyvisor sandbox --root {settings.root} up --second-cloud` adds one"
        )
    return settings.openstacks[1]


@sandbox.command()
@click.pass_obj
def down(root: Path) -> None:
    """Stop every process. Data stay for the next `up`."""
    settings = _existing(root)
    with lifecycle.exclusive(root):
        lifecycle.down(settings)


@sandbox.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def reset(root: Path, yes: bool) -> None:
    """Stop every process and delete the sandbox with all its data."""
    if not root.exists():
        return
    if not yes:
        click.confirm(f"Delete {root} and all servers in it?", abort=True)
    with lifecycle.exclusive(root):
        lifecycle.reset(root)


@sandbox.command()
@click.pass_obj
def status(root: Path) -> None:
    """Show each program: state, process, port, uptime. Exit code 1 unless all run."""
    settings = _existing(root)
    states = supervision.Supervisor(settings).states()
    table = Table("program", "state", "pid", "port", "up for")
    running = True
    for program in programs.every(settings):
        record = states.get(program.name, {})
        is_up = record.get("statename") == "RUNNING"
        running &= is_up
        uptime = datetime.timedelta(seconds=record["now"] - record["start"]) if is_up else ""
        port = settings.ports[program.port] if program.port else ""
        state = record.get("statename", "STOPPED").lower()
        table.add_row(program.name, state, str(record.get("pid") or ""), str(port), str(uptime))
    Console().print(table)
    raise SystemExit(0 if running else 1)


@sandbox.command()
@click.option("--cloud", type=click.Choice(USERS), default="admin", show_default=True)
@click.option(
    "--vcenter", "name", type=click.Choice(list(VCENTERS)), default=next(iter(VCENTERS)), show_default=True
)
@click.pass_obj
def env(root: Path, cloud: str, name: str) -> None:
    """Print what `openstack`, `govc` and `polyvisor adopt` need, for `eval`."""
    settings = _existing(root)
    if cloud.startswith(inventory.SECOND.named("")):
        _second(settings)
    vcenter = VCENTERS[name]
    if vcenter not in settings.vcenters:
        raise SettingsError(
            f"no second vCenter in {root}: `polyvisor sandbox --root {root} up --second-vcenter` adds one"
        )
    for variable, value in configuration.client_environment(settings, cloud, vcenter).items():
        click.echo(f"export {variable}={shlex.quote(value)}")


@sandbox.command()
@click.argument("service")
@click.option("--follow", "-f", is_flag=True, help="Go on as the log grows.")
@click.option("--lines", "-n", type=int, default=50, show_default=True)
@click.pass_obj
def logs(root: Path, service: str, follow: bool, lines: int) -> None:
    """Show the log of SERVICE."""
    settings = _existing(root)
    _check_service(settings, service)
    log = settings.logs / f"{service}.log"
    if not log.exists():
        raise SettingsError(f"{service} has not been started yet, and has no log")
    subprocess.run(["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)], check=False)


@sandbox.command()
@click.argument("service")
@click.pass_obj
def restart(root: Path, service: str) -> None:
    """Restart SERVICE, as after a change of its code."""
    settings = _existing(root)
    _check_service(settings, service)
    supervision.Supervisor(settings).restart(service)


@sandbox.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--second-cloud", "second", is_flag=True, help="On that of the second OpenStack.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_obj
def kvm(root: Path, command: tuple[str, ...], second: bool) -> None:
    """Run COMMAND on the KVM host, as in: kvm virsh list; kvm tcpdump -eni fabric0."""
    settings = _second(_existing(root)) if second else _existing(root)
    if (missing := namespace.is_there(settings)()) is not None:
        option = "--second-cloud" if second else "--kvm"
        raise SettingsError(
            f"{missing} are not there: `polyvisor sandbox --root {root} up {option}` makes them"
        )
    line = namespace.entering(settings, *command)
    os.execvp(line[0], line)  # noqa: S606 - a list, never a shell


def _check_service(settings: Settings, name: str) -> None:
    names = [program.name for program in programs.every(settings)]
    if name not in names:
        raise SettingsError(f"no service is called {name!r}; there are: {', '.join(names)}")


@sandbox.command("demo")
@click.pass_obj
def demo_command(root: Path) -> None:
    """Run the main job: a server on the ESXi host and datastore named, seen there, and gone again."""
    demo.run(_existing(root), Console())
