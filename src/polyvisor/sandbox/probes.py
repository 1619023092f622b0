"""Conditions a start waits for. A probe returns None when it is met, else what is still missing."""

from __future__ import annotations

import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import amqp

from polyvisor.sandbox.settings import Settings

Probe = Callable[[], str | None]
POLL_SECONDS = 0.1
PROBE_SECONDS = 5.0


class ProbeTimeoutError(Exception):
    """A condition was not met in time; the message says which."""


def always() -> str | None:
    """Nothing to wait for."""
    return None


def listens(port: int) -> Probe:
    """A TCP server accepts connections on loopback."""

    def probe() -> str | None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=PROBE_SECONDS).close()
        except OSError:
            return f"port {port} to accept connections"
        return None

    return probe


def answers(url: str, ca_file: Path | None = None) -> Probe:
    """A web server gives any answer below 500."""
    context = None

    def probe() -> str | None:
        nonlocal context
        if ca_file and context is None:
            context = ssl.create_default_context(cafile=ca_file)
        try:
            urllib.request.urlopen(url, timeout=PROBE_SECONDS, context=context).close()  # noqa: S310 - own URL
        except urllib.error.HTTPError as error:
            error.close()
            return f"{url} to answer (now HTTP {error.code})" if error.code >= 500 else None
        except OSError:
            return f"{url} to answer"
        return None

    return probe


def consumes(settings: Settings, queue: str) -> Probe:
    """A service has opened its RPC queue on the sandbox's RabbitMQ, so that calls to it are not lost."""

    def probe() -> str | None:
        try:
            with amqp.Connection(
                f"127.0.0.1:{settings.ports['rabbitmq']}",
                userid="polyvisor",
                password=settings.secrets["rabbitmq"],
                virtual_host=settings.virtual_host,
                connect_timeout=PROBE_SECONDS,
            ) as broker:
                broker.channel().queue_declare(queue, passive=True)
        except (OSError, amqp.exceptions.AMQPError):
            return f"the queue {queue!r} to be served"
        return None

    return probe


def wait(probe: Probe, timeout: float, waiting: Callable[[str], None]) -> None:
    """Poll until the probe is met; ``waiting`` hears what is missing. Raises ProbeTimeoutError."""
    deadline = time.monotonic() + timeout
    while (missing := probe()) is not None:
        if time.monotonic() > deadline:
            raise ProbeTimeoutError(f"waited {timeout:.0f} s for {missing}")
        waiting(missing)
        time.sleep(POLL_SECONDS)
