"""The vCenters that `polyvisor adopt` uses. Passwords are in a file or the environment, never arguments."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import BaseModel, ConfigDict, TypeAdapter

from polyvisor.adoption import documents
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Name
from polyvisor.vsphere.session import Endpoint, Session

F = TypeVar("F", bound=Callable[..., Any])

EXISTING = click.Path(path_type=Path, dir_okay=False, exists=True)
#: A page of 200 VMs takes a busy vCenter this long, and more.
_CALL_SECONDS = 120.0


class _Entry(BaseModel):
    """A vCenter of a file of several; files are relative to it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    vcenter: Name
    username: Name
    password_file: Name
    ca_file: Name | None = None
    insecure: bool = False


_ENTRIES: TypeAdapter[tuple[_Entry, ...]] = TypeAdapter(tuple[_Entry, ...])


def vcenter_options(command: F) -> F:
    """Add the options of one vCenter; `endpoint` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option("--vcenter", envvar="POLYVISOR_VCENTER", metavar="HOST[:PORT]", show_envvar=True),
    click.option("--username", envvar="POLYVISOR_VCENTER_USERNAME", show_envvar=True),
    click.option(
        "--password-file",
        type=EXISTING,
        envvar="POLYVISOR_VCENTER_PASSWORD_FILE",
        show_envvar=True,
        help="Its first line; or set POLYVISOR_VCENTER_PASSWORD. Arguments show in the list of processes.",
    ),
    click.option(
        "--ca-file",
        type=EXISTING,
        envvar="POLYVISOR_VCENTER_CA_FILE",
        show_envvar=True,
        help="Authorities to trust instead of the system's.",
    ),
    click.option("--insecure", is_flag=True, help="Accept any certificate."),
)
vcenters_option = click.option(
    "--vcenters",
    "vcenters_file",
    type=EXISTING,
    help="Several vCenters instead: a YAML list of vcenter, username, password_file, ca_file, insecure.",
)


def endpoint(
    vcenter: str | None,
    username: str | None,
    password_file: Path | None,
    ca_file: Path | None,
    insecure: bool,
) -> Endpoint:
    """The vCenter of the options, or of the environment."""
    if not vcenter or not username:
        raise click.UsageError("no vCenter: give --vcenter and --username")
    host, port = _address(vcenter)
    return Endpoint(
        host=host,
        username=username,
        password=_password(password_file),
        port=port,
        ca_file=str(ca_file) if ca_file else None,
        insecure=insecure,
        call_timeout=_CALL_SECONDS,
    )


@contextmanager
def sessions(file: Path | None, **one: Any) -> Iterator[Mapping[str, Session]]:
    """The vCenters of a file, or the one of the options, by their instance UUIDs; logged out at the end.

    Raises:
        AdoptionError: the file has a mistake.
        VSphereError: a vCenter did not answer.
    """
    with ExitStack() as stack:
        found: dict[str, Session] = {}
        for item in _endpoints(file) if file else [endpoint(**one)]:
            session = stack.enter_context(closing(Session(item)))
            found[session.vcenter_uuid] = session
        yield found


def _endpoints(file: Path) -> Iterator[Endpoint]:
    for source in documents.read(file):
        for item in documents.parse(source, _ENTRIES):
            folder = file.parent
            password = folder / item.password_file
            if not password.is_file():
                raise InputError(f"{file}: there is no file {password}")
            ca_file = folder / item.ca_file if item.ca_file else None
            yield endpoint(item.vcenter, item.username, password, ca_file, item.insecure)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), 443
    if not port.isdigit():
        raise click.BadParameter(f"{text!r} is not of the form HOST or HOST:PORT")
    return host.strip("[]"), int(port)


def _password(file: Path | None) -> str:
    lines = file.read_text().splitlines() if file else [os.environ.get("POLYVISOR_VCENTER_PASSWORD", "")]
    if not lines or not lines[0]:
        raise click.UsageError("no password: give --password-file, or set POLYVISOR_VCENTER_PASSWORD")
    return lines[0]
