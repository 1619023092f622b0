"""`polyvisor op serve`, `api`, `worker`, `migrate`, `openapi`."""

from __future__ import annotations

import json
import logging
import signal
import threading
from typing import Any

import click
import uvicorn

from polyvisor.cli.op.base import platform
from polyvisor.op.api import web
from polyvisor.op.api.app import document, make_app
from polyvisor.op.db import migrate as schema
from polyvisor.op.identity.bootstrap import NAME, ensure_administrator
from polyvisor.op.platform import Platform, open_platform
from polyvisor.op.settings import load
from polyvisor.op.worker import Worker

#: Seconds that requests have to end when the process is stopped.
_GRACE_SECONDS = 10
_host = click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
_port = click.option("--port", type=click.IntRange(1, 65535), help="[default: 8780]")


@click.command()
@_host
@_port
def serve(host: str | None, port: int | None) -> None:
    """Run everything in one process: API, worker, and at the start what else there is to do."""
    opened = open_platform(load(host=host, port=port))
    try:
        schema.migrate(opened.database)
        if file := ensure_administrator(opened):
            click.echo(f"The first administrator is {NAME!r}; the password is in {file}.")
            click.echo("Change it, and delete that file.")
        worker = Worker(opened)
        thread = threading.Thread(target=worker.run, name="worker")
        thread.start()
        try:
            _listen(opened)
        finally:
            worker.stop()
            thread.join()
    finally:
        opened.close()


@click.command()
@_host
@_port
def api(host: str | None, port: int | None) -> None:
    """Answer requests; as many of these as you like over one PostgreSQL."""
    with platform(host=host, port=port) as opened:
        _listen(opened)


@click.command()
def worker() -> None:
    """Probe clouds and do what the platform does by itself; as many as you like over one PostgreSQL."""
    logging.basicConfig(level=logging.INFO)
    with platform() as opened:
        working = Worker(opened)

        def stop(*_: Any) -> None:
            working.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        click.echo("working")
        working.run()


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date, and make the first administrator if there is no user."""
    opened = open_platform(load())
    try:
        schema.migrate(opened.database)
        if file := ensure_administrator(opened):
            click.echo(f"The password of the first administrator, {NAME!r}, is in {file}.")
    finally:
        opened.close()
    click.echo("the schema is up to date")


@click.command()
def openapi() -> None:
    """Print the API's OpenAPI document, of which clients are made."""
    click.echo(json.dumps(document(), indent=2))


def _listen(opened: Platform) -> None:
    settings = opened.settings
    if not web.is_built():
        click.echo(web.HOW_TO_BUILD)
    click.echo(f"Listening on http://{settings.host}:{settings.port}, for browsers {settings.url}")
    # No access log: the audit log says who did what, and URLs of logging in by OpenID have secrets.
    uvicorn.run(
        make_app(opened),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_level="info",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
