"""Port groups that administrators name for networks, through Neutron's API, against the simulator."""

from typing import Any, ClassVar

import webob.exc
from neutron_lib.api.definitions import portbindings

from tests.functional.neutron.ml2 import Binding

CLUSTER1 = ["esx11", "esx12", "esx13", "esx14"]


class Mapping(Binding):
    """Requests, and what is answered."""

    _mechanism_drivers = ("logger", "polyvisor_vss", "polyvisor_dvs")
    computes: ClassVar[dict[str, str]] = {"compute1": "cluster1/vss", "compute2": "cluster2"}

    def get_additional_service_plugins(self) -> dict[str, str]:
        return {"vmware_port_group": "vmware_port_group"}

    def call(self, method: str, collection: str, *, admin: bool = True, **call: Any) -> Any:
        make = self._admin_req if admin else self._member_req
        return make(method, collection, **call).get_response(self.api)

    def name(self, network_id: str, host: str, port_group: str, code: int = 201) -> Any:
        asked = {"network_id": network_id, "compute_host": host, "port_group": port_group}
        answer = self.call("POST", "vmware-port-group-mappings", data={"vmware_port_group_mapping": asked})
        assert answer.status_int == code, answer.text
        return answer.json["vmware_port_group_mapping" if code == 201 else "NeutronError"]

    def unname(self, mapping: Any, code: int = 204) -> Any:
        answer = self.call("DELETE", "vmware-port-group-mappings", id=mapping["id"])
        assert answer.status_int == code, answer.text
        return answer

    def listed(self, network_id: str) -> list[Any]:
        answer = self.call("GET", "vmware-port-groups", params=f"network_id={network_id}")
        return list(answer.json["vmware_port_groups"])


class TestPhysicalNetworks(Mapping):
    def test_administrators_see_by_which_switch_each_compute_service_reaches_one(self) -> None:
        path = "vmware-physnet-mappings"
        every = self.call("GET", path).json["vmware_physnet_mappings"]
        assert {item["compute_host"]: item["switch_type"] for item in every} == {
            "compute1": "vss",
            "compute2": "dvs",
        }
        [one] = self.call("GET", path, params="compute_host=compute2").json["vmware_physnet_mappings"]
        assert one == {
            "id": "compute2:physnet1",
            "compute_host": "compute2",
            "physical_network": "physnet1",
            "vcenter": "vc1",
            "datacenter": "dc1",
            "cluster": "cluster2",
            "switch": "dvs1",
            "switch_type": "dvs",
        }
        assert self.call("GET", path, id=one["id"]).json["vmware_physnet_mapping"] == one
        assert self.call("GET", path, id="compute9:physnet1").status_int == 404
        assert self.call("GET", path, admin=False).json["vmware_physnet_mappings"] == []


class TestDistributed(Mapping):
    def test_it_is_used_and_never_changed_or_removed(self) -> None:
        network_id = self.vlan_network(501)
        group = self.seen.add_port_group("Production 501", 501)
        version = group.config.configVersion
        self.name(network_id, "compute2", "Production 501")
        port = self.port_on(network_id, "compute2")
        assert port[portbindings.VIF_DETAILS]["pg_id"] == group.key
        assert port[portbindings.VIF_DETAILS]["dvs_port_group_name"] == "Production 501"
        [shown] = self.listed(network_id)
        assert (shown["owned"], shown["state"], shown["vlan_id"]) == (False, "active", 501)
        self.seen.change_port_group(group, 99)
        self.reconcile()
        assert group.config.defaultPortConfig.vlan.vlanId == 99
        assert "has VLAN 99" in self.listed(network_id)[0]["last_error"]
        self.seen.change_port_group(group, 501)
        self.reconcile()
        assert self.listed(network_id)[0]["last_error"] is None
        self.delete_all(network_id)
        self.reconcile()
        assert group.config.configVersion == str(int(version) + 2)
        assert self.listed(network_id) == []

    def test_one_that_does_not_fit_is_refused_with_the_reason(self) -> None:
        network_id = self.vlan_network(502)
        self.seen.add_port_group("Wrong VLAN 502", 503)
        other = self.vlan_network(504)
        self.port_on(other, "compute2")
        for host, name, code, reason in (
            ("compute2", "Nowhere", 400, "there is none of that name on dc1"),
            ("compute2", "Wrong VLAN 502", 400, "has VLAN 503, but the network has VLAN 502"),
            ("compute2", f"os-{other}", 400, "has VLAN 504"),
            ("kvm1", "Nowhere", 400, "'kvm1' is not a VMware compute service; there are compute1, compute2"),
        ):
            assert reason in self.name(network_id, host, name, code)["message"]
        assert "could not be found" in self.name(other[::-1], "compute2", "Nowhere", 404)["message"]
        assert "has 'os-" in self.taken(other)
        assert self.port_on(network_id, "compute2")[portbindings.VIF_TYPE] == "dvs"

    def taken(self, network_id: str) -> str:
        self.seen.add_port_group("Late 504", 504)
        return str(self.name(network_id, "compute2", "Late 504", 409)["message"])

    def test_it_may_be_given_up_when_no_port_needs_it(self) -> None:
        network_id = self.vlan_network(505)
        self.seen.add_port_group("Given up 505", 505)
        mapping = self.name(network_id, "compute2", "Given up 505")
        assert "one is named for it" in self.name(network_id, "compute2", "Given up 505", 409)["message"]
        port = self.port_on(network_id, "compute2")
        assert "has ports on compute2" in self.unname(mapping, 409).json["NeutronError"]["message"]
        self.plugin.delete_port(self.admin, port["id"])
        self.unname(mapping)
        assert self.listed(network_id) == []
        again = self.port_on(network_id, "compute2")
        assert again[portbindings.VIF_DETAILS]["dvs_port_group_name"] == f"os-{network_id}"
        self.unname(mapping, 404)

    def test_that_of_a_deleted_network_may_be_named_again_while_vms_are_on_it(self) -> None:
        first = self.vlan_network(507)
        group = self.seen.add_port_group("Production 507", 507)
        attached = self.seen.attach(group)
        self.addCleanup(self.seen.detach, attached)
        self.name(first, "compute2", "Production 507")
        self.port_on(first, "compute2")
        self.delete_all(first)
        self.reconcile()
        again = self.vlan_network(507)
        self.name(again, "compute2", "Production 507")
        port = self.port_on(again, "compute2")
        assert port[portbindings.VIF_DETAILS]["pg_id"] == group.key
        assert [row.network_id for row in self.rows(again)] == [again]
        assert self.rows(first) == []

    def test_only_administrators_see_and_name_them(self) -> None:
        network_id = self.vlan_network(506)
        self.port_on(network_id, "compute2")
        assert self.call("GET", "vmware-port-groups", admin=False).json == {"vmware_port_groups": []}
        asked = {"network_id": network_id, "compute_host": "compute2", "port_group": "any"}
        body = {"vmware_port_group_mapping": asked}
        answer = self.call("POST", "vmware-port-group-mappings", data=body, admin=False)
        assert answer.status_int == webob.exc.HTTPForbidden.code


class TestStandard(Mapping):
    def test_every_host_must_have_it_and_one_that_comes_later_gets_none_of_ours(self) -> None:
        network_id = self.vlan_network(511)
        for host in CLUSTER1[:3]:
            self.seen.add_standard_port_group(host, "Production 511", 511)
        refused = self.name(network_id, "compute1", "Production 511", 400)
        assert "there is none of that name on esx14" in refused["message"]
        with self.seen.disconnected("esx14"):
            self.name(network_id, "compute1", "Production 511")
            port = self.port_on(network_id)
            assert port[portbindings.VIF_DETAILS]["dvs_port_group_name"] == "Production 511"
        self.reconcile()
        assert self.seen.standard_port_groups(network_id) == {}
        assert len(self.listed(network_id)) == 3
        with self.assertLogs("polyvisor.neutron", "WARNING") as logs:
            self.port_on(network_id)
        assert "is not on 'vSwitch0' of esx14; make it there" in logs.output[0]
        self.seen.add_standard_port_group("esx14", "Production 511", 511)
        self.reconcile()
        assert sorted(row["scope"] for row in self.listed(network_id)) == CLUSTER1
        [backing] = self.connect_by_nova((self.seen.vm_on("esx11"), self.port_on(network_id)))
        assert backing.deviceName == "Production 511"
