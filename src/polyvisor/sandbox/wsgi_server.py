"""Serve an OpenStack WSGI module: ``python -m polyvisor.sandbox.wsgi_server nova.wsgi.osapi_compute PORT``.

The modules parse ``sys.argv`` when imported and would stumble over a server's own arguments, and uWSGI's
plain HTTP socket resets their POSTs; cheroot in a process whose arguments are cleared serves them all.
"""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

from cheroot.wsgi import Server

THREADS = 16


def main() -> None:
    """Import the module, then serve its ``application`` on loopback until SIGTERM."""
    module_name, port = sys.argv[1:]
    sys.argv = [module_name.replace(".", "-")]
    application = importlib.import_module(module_name).application
    server = Server(("127.0.0.1", int(port)), application, numthreads=THREADS, request_queue_size=128)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.start()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
