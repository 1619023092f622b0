"""Serve an OpenStack WSGI module: ``python -m polyvisor.sandbox.wsgi_server nova.wsgi.osapi_compute PORT``.

The modules parse ``sys.argv`` when imported and would stumble over a server's own arguments (those after the
port are theirs), and uWSGI's
plain HTTP socket resets their POSTs; cheroot in a process whose arguments are cleared serves them all.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from cheroot.wsgi import Server

THREADS = 16
STOP_SECONDS = 5
#: A service sends its next request on a connection that is open still, and fails if it is closed just then:
#: so it is kept for longer than services are idle, and for all of their threads.
IDLE_SECONDS = 300
IDLE_CONNECTIONS = 500


class _Body:
    """A request's body that cannot be closed.

    Glance closes what it has read. For cheroot that is the connection, on which the client's next request is
    under way.
    """

    def __init__(self, body: Any) -> None:
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """Leave the connection open."""


def keep_open(application: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a WSGI application that may close its request's body."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        return application(environ | {"wsgi.input": _Body(environ["wsgi.input"])}, start_response)

    return serve


def main() -> None:
    """Import the module, then serve its ``application`` on loopback until SIGTERM."""
    module_name, port, *theirs = sys.argv[1:]
    sys.argv = [module_name.replace(".", "-"), *theirs]
    application = importlib.import_module(module_name).application
    server = Server(
        ("127.0.0.1", int(port)),
        keep_open(application),
        numthreads=THREADS,
        request_queue_size=128,
        timeout=IDLE_SECONDS,
    )
    server.keep_alive_conn_limit = IDLE_CONNECTIONS

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping = threading.Thread(target=server.stop, daemon=True)
        stopping.start()
        stopping.join(STOP_SECONDS)
        os._exit(0)  # cheroot would wait for ever for a worker thread in which a library hangs

    signal.signal(signal.SIGTERM, stop)
    server.start()


if __name__ == "__main__":
    main()
