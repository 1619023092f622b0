"""The console of a server as its cloud offers it."""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from polyvisor.op.message import say
from polyvisor.op.problem import CloudRefused, Conflict

#: What each type of console is spoken to by, as Nova has it.
PROTOCOLS = {"novnc": "vnc", "spice-html5": "spice", "serial": "serial", "webmks": "mks"}
#: The types whose proxies the platform stands before.
RELAYED = frozenset({"novnc"})
#: Nova's power state "shutdown".
_OFF = 4
_SOCKETS = {"http": "ws", "https": "wss"}


def ask(cloud: Any, server: str, kind: str) -> Any:
    """Nova's answer about a console, with an address. Raises Conflict for a server that is off.

    Of that, Nova with VMware says HTTP 500.
    """
    found = cloud.compute.get_server(server)
    if found.power_state == _OFF:
        raise Conflict(say("console_off", name=found.name))
    return cloud.compute.create_server_remote_console(server, type=kind, protocol=PROTOCOLS[kind])


def socket_of(page: str) -> str:
    """The websocket that a page of noVNC, with the parameters that Nova gave it, would connect to.

    Nova has the token in the parameter ``path``, and before its release 20 in one of its own. The proxy looks
    at nothing else of the address; in front of it may be one that looks at the folder. Raises CloudRefused.
    """
    parts = urlsplit(page)
    if not _is_address(parts):
        raise CloudRefused(say("console_no_page"))
    given = parse_qs(parts.query)
    path = given.get("path", [""])[0] or f"?token={given.get('token', [''])[0]}"
    folder = parts.path.rpartition("/")[0]
    return f"{_SOCKETS[parts.scheme]}://{parts.netloc}{folder}/{path.lstrip('/')}"


def _is_address(parts: SplitResult) -> bool:
    try:
        return parts.scheme in _SOCKETS and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of the port
        return False
