"""Names with the characters that vCenter escapes are shown, and taken, as vSphere Client shows them."""

from typing import Any
from urllib.parse import quote

from polyvisor.vsphere.naming import unescape
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import CloudTest

PLAIN, ESCAPED = "fast/ssd 50%", "fast%2fssd 50%25"


class NamesTest(CloudTest):
    def setUp(self) -> None:
        super().setUp()
        self.rename(self.datastore("cluster1-ssd"), PLAIN)

    def rename(self, entity: Any, name: str) -> None:
        wait_for_task(self.session, self.session.call(entity.Rename_Task, name), timeout=20)

    def shown(self, **query: str) -> list[str]:
        """Names of the datastores that the API lists."""
        words = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
        found = self.admin_api.api_get(f"/os-vmware-datastores?{words}").body["datastores"]
        return [store["name"] for store in found]

    def stores(self, server: dict[str, Any]) -> set[str]:
        """Names of the datastores that the API says the server's disks are on."""
        found = self.admin_api.api_get(f"/servers/{server['id']}/os-vmware-placement").body["placement"]
        return {disk["datastore"]["name"] for disk in found["disks"]}

    def said(self, server: dict[str, Any], action: str) -> list[str]:
        return [
            event.details for event in self.events(server, action) if event.event == "polyvisor_placement"
        ]

    def test_a_datastore(self) -> None:
        assert PLAIN in self.shown()
        for written in (PLAIN, ESCAPED, "fast%2Fssd 50%25"):
            assert self.shown(datastore=written) == [PLAIN]
        hosts = self.admin_api.api_get(f"/os-vmware-hosts?datastore={quote(ESCAPED, safe='')}").body["hosts"]
        assert {host["cluster"]["name"] for host in hosts} == {"cluster1"}

        for written in (PLAIN, ESCAPED):
            server = self.create(metadata=self.wish(datastore=written))
            assert all(file.startswith(f"[{ESCAPED}] ") for file in self.vm_of(server)["files"])
            assert self.stores(server) == {PLAIN}
            self.admin_api.post_server_action(server["id"], {"reboot": {"type": "HARD"}})
            self._wait_for_server_parameter(server, {"status": "ACTIVE", "OS-EXT-STS:task_state": None}, 60)
            assert self.said(server, "reboot") == []
            copy = self.clone(server, datastore=written)
            assert all(file.startswith(f"[{ESCAPED}] ") for file in self.vm_of(copy)["files"])

    def clone(self, server: dict[str, Any], **request: Any) -> dict[str, Any]:
        body = {"os-server-clone": {"name": "copy", "networks": []} | request}
        [made] = self.admin_api.api_post(f"/servers/{server['id']}/action", body).body["servers"]
        return self.wait_for(made, "ACTIVE")

    def test_where_a_server_can_go(self) -> None:
        server = self.create(metadata=self.wish(host="esx12", datastore="shared1"))
        path = f"/servers/{server['id']}/action"
        for written in (PLAIN, ESCAPED):
            body = {"os-livemigrate-vmware": {"check": True, "datastore": written}}
            found = self.admin_api.api_post(path, body, check_response_status=[200]).body["relocation"]
            assert [(store["name"], store["ok"]) for store in found["datastores"]] == [(PLAIN, True)]
        for source, written in (("shared1", ESCAPED), (ESCAPED, "shared1"), ("shared1", PLAIN)):
            self.admin_api.post_server_action(server["id"], {"os-livemigrate-vmware": {"datastore": written}})
            self._wait_for_server_parameter(server, {"status": "ACTIVE", "OS-EXT-STS:task_state": None}, 60)
            assert source not in {file.split("]")[0][1:] for file in self.vm_of(server)["files"]}

    def test_the_expression_that_chooses_datastores(self) -> None:
        """It is matched against what vCenter says, by Nova as by us."""
        self.flags(datastore_regex="^fast%2fssd", group="vmware")
        self.flags(cluster_name="cluster1", group="vmware")
        self.restart_compute_service(self.computes["compute1"], keep_hypervisor_state=False)
        server = self.create(metadata=self.wish(datastore=PLAIN))
        assert all(file.startswith(f"[{ESCAPED}] ") for file in self.vm_of(server)["files"])

    def test_a_server(self) -> None:
        for name, shown in (
            ("a/b\\c 100%", "a/b\\c 100%"),
            ("%2f", "%2f"),
            ("%" * 255, "%" * 13),
            ("x" * 255, "x" * 41),
        ):
            server = self.create(name=name)
            assert f"{shown} ({server['id']})" in [unescape(vm) for vm in self.vms()]
            assert self.clone(server, name=name)["name"] == name
