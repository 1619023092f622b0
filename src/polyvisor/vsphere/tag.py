"""Tags of VMs. They are the one thing that vCenter tells over its REST interface only.

Source of facts: vSphere Automation API, ``com.vmware.cis.tagging`` and ``com.vmware.cis.session``.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final

from polyvisor.vsphere.faults import AuthenticationFailed, OperationFailed, PermissionDenied, translate
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.transport import Endpoint, time_limit, tls_context

_ROOT: Final = "/rest/com/vmware/cis"
_TAGGING: Final = f"{_ROOT}/tagging"
_SESSION: Final = "vmware-api-session-id"
_AT_ONCE: Final = 1000


def list_tags(session: Session, vms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read the tags of VMs, a thousand VMs a call, and the names of the tags and categories that there are.

    Args:
        vms: morefs.

    Returns:
        moref -> "category/tag", in order; VMs without tags are left out.

    Raises:
        VSphereError: vCenter refused, did not answer in time, or has no such interface.
    """
    with _logged_in(session.endpoint) as rest:
        attached: dict[str, list[str]] = {}
        for start in range(0, len(vms), _AT_ONCE):
            ids = [{"type": "VirtualMachine", "id": vm} for vm in vms[start : start + _AT_ONCE]]
            path = f"{_TAGGING}/tag-association?~action=list-attached-tags-on-objects"
            for item in rest.ask("POST", path, {"object_ids": ids}):
                attached[item["object_id"]["id"]] = item.get("tag_ids") or []
        names = _names(rest, {tag for tags in attached.values() for tag in tags})
    return {vm: tuple(sorted(names[tag] for tag in tags)) for vm, tags in attached.items() if tags}


class _Rest:
    """One connection; each question has the endpoint's time limit."""

    def __init__(self, endpoint: Endpoint, connection: HTTPSConnection) -> None:
        self._endpoint, self._connection = endpoint, connection
        self.headers = {"Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        try:
            with time_limit(self._endpoint.call_timeout):
                self._connection.request(method, path, json.dumps(body) if body else None, self.headers)
                answer = self._connection.getresponse()
                text = answer.read()
        except (OSError, HTTPException) as exc:
            raise translate(exc, source=str(self._endpoint)) from exc
        if answer.status == 200:
            return json.loads(text)["value"] if text else None
        what = f"{self._endpoint}: tags cannot be read: HTTP {answer.status} of {path}"
        kinds = {401: AuthenticationFailed, 403: PermissionDenied}
        raise kinds.get(answer.status, OperationFailed)(what)


@contextmanager
def _logged_in(endpoint: Endpoint) -> Iterator[_Rest]:
    connection = HTTPSConnection(
        endpoint.host, endpoint.port, timeout=endpoint.connect_timeout, context=tls_context(endpoint)
    )
    with closing(connection):
        rest = _Rest(endpoint, connection)
        account = b64encode(f"{endpoint.username}:{endpoint.password}".encode()).decode()
        rest.headers["Authorization"] = f"Basic {account}"
        key = rest.ask("POST", f"{_ROOT}/session")
        del rest.headers["Authorization"]
        rest.headers[_SESSION] = key
        try:
            yield rest
        finally:
            rest.ask("DELETE", f"{_ROOT}/session")


def _names(rest: _Rest, tags: set[str]) -> Mapping[str, str]:
    """Names of the tags that are in use, with their categories: one call for each, but there are few."""
    found = {tag: rest.ask("GET", f"{_TAGGING}/tag/id:{tag}") for tag in sorted(tags)}
    used = sorted({item["category_id"] for item in found.values()})
    categories = {key: rest.ask("GET", f"{_TAGGING}/category/id:{key}")["name"] for key in used}
    return {tag: f"{categories[item['category_id']]}/{item['name']}" for tag, item in found.items()}
