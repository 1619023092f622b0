"""Tags, over vCenter's REST interface."""

from typing import Any

import pytest
import requests
from pyVmomi import vim

from polyvisor.vsphere.faults import AuthenticationFailed, Unavailable
from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.tag import list_tags
from tests.functional.conftest import VCenter
from tests.functional.vsphere.conftest import endpoint_of

CIS = "/rest/com/vmware/cis"


class Administrator:
    """Who makes tags."""

    def __init__(self, vcenter: VCenter) -> None:
        self._url = f"{vcenter.url}{CIS}"
        self._http = requests.Session()
        self._http.trust_env = False
        self._http.verify = vcenter.ca_file
        key = self.post("/session", auth=(vcenter.username, vcenter.password))
        self._http.headers["vmware-api-session-id"] = key

    def post(self, path: str, body: Any = None, **arguments: Any) -> Any:
        answer = self._http.post(f"{self._url}{path}", json=body, timeout=60, **arguments)
        answer.raise_for_status()
        return answer.json()["value"] if answer.text else None

    def tag(self, category: str, name: str, vms: list[str]) -> None:
        spec = {"name": category, "cardinality": "MULTIPLE", "associable_types": [], "description": ""}
        key = self.post("/tagging/category", {"create_spec": spec})
        tag = self.post(
            "/tagging/tag", {"create_spec": {"name": name, "category_id": key, "description": ""}}
        )
        for vm in vms:
            body = {"object_id": {"type": "VirtualMachine", "id": vm}}
            self.post(f"/tagging/tag-association/id:{tag}?~action=attach", body)


def test_tags_with_their_categories(session: Session, brownfield: VCenter) -> None:
    vms = sorted(collect(session, vim.VirtualMachine, ["name"]))
    assert list_tags(session, vms) == {}
    administrator = Administrator(brownfield)
    administrator.tag("tier", "web", vms[:2])
    administrator.tag("hands", "off", vms[1:2])
    assert list_tags(session, vms) == {vms[0]: ("tier/web",), vms[1]: ("hands/off", "tier/web")}


def test_a_refused_login_is_told_without_the_password(brownfield: VCenter) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        list_tags(Session(endpoint_of(brownfield, password="a guess")), [])
    assert "a guess" not in str(refused.value)


def test_nobody_answers(brownfield: VCenter) -> None:
    with pytest.raises(Unavailable):
        list_tags(Session(endpoint_of(brownfield, port=1)), [])
