"""A server is cloned: REST, our filter, Nova's creation, scheduler and manager, the simulated vCenter."""

from typing import Any
from uuid import uuid4

import pytest
from pyVmomi import vim

from polyvisor.vsphere.inventory import collect
from polyvisor.vsphere.task import wait_for_task
from tests.functional.nova.compute.cloud import IMAGE, ApiError, CloudTest

PORT_GROUP = "VM Network"


def is_vm_of(vm: dict[str, Any], server: dict[str, Any]) -> bool:
    return bool(vm["config"].instanceUuid == server["id"])


class ClonedCloud(CloudTest):
    """A server with a port, and what is needed to clone it."""

    def setUp(self) -> None:
        super().setUp()
        bound = {
            "binding:vif_type": "dvs",
            "binding:vif_details": {"dvs_port_group_name": PORT_GROUP, "switch_type": "vss"},
        }
        self.neutron._ports[self.neutron.port_1["id"]] |= bound
        self.neutron.default_port = self.neutron.default_port | bound
        # Nova's fixture knows security groups, but not to find one.
        self.neutron.find_resource = lambda _kind, wanted, *_args, **_kwargs: next(
            group for group in self.neutron._security_groups.values() if group["id"] == wanted
        )
        self.server = self.create(
            networks=[{"port": self.neutron.port_1["id"]}],
            metadata=self.wish(host="esx12", datastore="shared1") | {"role": "web"},
        )

    def clone(self, state: str = "ACTIVE", **request: Any) -> dict[str, Any]:
        """Clone the server, and wait for the one new server."""
        [made] = self.post(**request)
        return self.wait_for(made, state)

    def post(self, **request: Any) -> list[dict[str, Any]]:
        answer = self.admin_api.api_post(
            f"/servers/{self.server['id']}/action", {"os-server-clone": {"name": "copy"} | request}
        )
        assert answer.status == 202
        return list(answer.body["servers"])

    def refused(self, **request: Any) -> ApiError:
        with pytest.raises(ApiError) as error:
            self.post(**request)
        return error.value

    def nic(self, address: str) -> dict[str, str]:
        """What a request says to have an address on the server's network."""
        return {"uuid": self.neutron.network_1["id"], "fixed_ip": address}

    def free_port(self) -> str:
        """Make a port that no server has, and return its id."""
        return str(self.neutron.create_port({"port": self.neutron.port_2})["port"]["id"])

    def nics(self, server: dict[str, Any]) -> list[tuple[str, str]]:
        [config] = [
            vm["config"] for vm in self.vms("config").values() if vm["config"].instanceUuid == server["id"]
        ]
        cards = [device for device in config.hardware.device if hasattr(device, "macAddress")]
        return [(card.macAddress, card.backing.deviceName) for card in cards]


class CloneTest(ClonedCloud):
    def test_an_ordinary_server_of_the_same_data(self) -> None:
        # The image may be gone.
        self.glance.delete(None, IMAGE)
        clone = self.clone(metadata={"role": "db"})

        assert clone["id"] != self.server["id"]
        assert (clone["name"], clone["metadata"]) == ("copy", {"role": "db"})
        assert clone["flavor"]["original_name"] == self.server["flavor"]["original_name"]
        assert clone["image"]["id"] == IMAGE
        assert clone["OS-EXT-SRV-ATTR:host"] == "compute1"
        vm = self.vm_of(clone)
        assert vm["power"] == "poweredOn"
        assert len(vm["files"]) == len(self.vm_of(self.server)["files"]) == 3
        assert all(file.startswith(f"[shared1] {clone['id']}/") for file in vm["files"])

        [mine] = self.nics(clone)
        [theirs] = self.nics(self.server)
        assert mine == (self.neutron.default_port["mac_address"], PORT_GROUP)
        assert theirs == (self.neutron.port_1["mac_address"], PORT_GROUP)
        assert [name for name, _ in self.actions(self.server)] == ["os-server-clone", "create"]

        self._delete_server(self.server)
        assert self.vm_of(clone)["power"] == "poweredOn"
        self._delete_server(clone)
        assert self.before == self.everything()

    def test_where_asked_and_left_off(self) -> None:
        clone = self.clone("SHUTOFF", host="esx22", datastore="cluster2-ssd", power_on=False, networks=[])

        vm = self.vm_of(clone)
        assert (vm["host"], vm["power"]) == ("esx22", "poweredOff")
        assert all(file.startswith("[cluster2-ssd] ") for file in vm["files"])
        assert clone["OS-EXT-SRV-ATTR:host"] == "compute2"
        assert clone["metadata"] == {"role": "web"} | self.wish(host="esx22", datastore="cluster2-ssd")
        assert self.nics(clone) == []

    def test_the_port_that_is_named(self) -> None:
        clone = self.clone(networks=[{"port": self.free_port()}])
        assert [mac for mac, _ in self.nics(clone)] == [self.neutron.port_2["mac_address"]]

    def test_several_and_clones_of_clones(self) -> None:
        made = self.post(count=3, networks=[])
        clones = [self.wait_for(server, "ACTIVE") for server in made]
        assert sorted(clone["name"] for clone in clones) == ["copy-1", "copy-2", "copy-3"]

        self._delete_server(self.server)
        self.server = clones[0]
        again = self.clone(name="copy of a copy")
        self._delete_server(self.server)
        assert self.vm_of(again)["power"] == "poweredOn"

    def test_windows_is_prepared_anew(self) -> None:
        self.reconfigure(
            guestId="windows2019srv_64Guest",
            extraConfig=[
                vim.option.OptionValue(key="SET.guest.toolsVersionStatus2", value="guestToolsCurrent")
            ],
        )
        sysprep = {"join_domain": "example.org", "domain_user": "joiner", "domain_password": "secret"}
        windows = {"type": "windows", "sysprep": sysprep}
        for name, count in (("application-server", 1), ("file-server-of", 2), ("4711", 1)):
            error = self.refused(name=name, count=count, customization=windows)
            assert error.response.status_code == 400
            assert "Windows cannot be called" in str(error)

        clone = self.clone(name="application-server", customization=windows | {"hostname": "app-2"})

        vms = self.vms("config", "guest.hostName", "guest.ipAddress").values()
        [vm] = [vm for vm in vms if is_vm_of(vm, clone)]
        address = self.neutron.default_port["fixed_ips"][0]["ip_address"]
        assert (vm["guest.hostName"], vm["guest.ipAddress"]) == ("app-2", address)

    def reconfigure(self, **changes: Any) -> None:
        [vm] = [
            key
            for key, vm in collect(self.session, vim.VirtualMachine, ["config"]).items()
            if is_vm_of(vm, self.server)
        ]
        managed = self.session.managed_object(vim.VirtualMachine, vm)
        task = self.session.call(managed.ReconfigVM_Task, vim.vm.ConfigSpec(**changes))
        wait_for_task(self.session, task, timeout=20)

    def test_what_nova_does_later(self) -> None:
        clone = self.clone(networks=[])
        larger = {"id": "larger", "name": "larger", "ram": 512, "vcpus": 1, "disk": 2, "swap": 64}
        larger["OS-FLV-EXT-DATA:ephemeral"] = 1
        self.admin_api.post_flavor({"flavor": larger})
        self.admin_api.post_server_action(clone["id"], {"resize": {"flavorRef": "larger"}})
        self.wait_for(clone, "VERIFY_RESIZE")
        self.admin_api.post_server_action(clone["id"], {"confirmResize": None})
        self.wait_for(clone, "ACTIVE")
        assert len(self.vm_of(clone)["files"]) == 3

        # It is built anew from its image, not cloned again.
        self._delete_server(self.server)
        self.admin_api.post_server_action(clone["id"], {"rebuild": {"imageRef": IMAGE}})
        self.wait_for(clone, "ACTIVE")
        self._delete_server(clone)
        assert self.before == self.everything()

    def test_refused_before_anything_is_made(self) -> None:
        for request, code, reason in (
            ({"host": "esx99"}, 400, "esx99"),
            ({"datastore": "nowhere"}, 400, "nowhere"),
            ({"host": "esx11", "metadata": {"vmware:host": "esx12"}}, 400, "not both"),
            ({"count": 0}, 400, "count"),
            ({"name": "n" * 254, "count": 2}, 400, "shorter name"),
            ({"key_name": "no-such-key"}, 400, "no-such-key"),
            ({"project_id": "another"}, 400, "networks"),
            ({"networks": [{"port": self.neutron.port_1["id"]}]}, 409, self.server["id"]),
            ({"networks": [self.nic("192.168.1.1")]}, 400, "gateway"),
            ({"networks": [{"port": self.free_port(), "fixed_ip": "192.168.1.9"}]}, 400, "cannot be used"),
            ({"networks": [self.nic("192.168.1.9")], "count": 2}, 400, "several clones"),
            ({"customization": {"type": "windows"}}, 400, "other"),
            ({"customization": {"hostname": "one"}, "count": 2}, 400, "hostname"),
            ({"customization": {"sysprep": {"workgroup": "w"}}}, 400, "sysprep"),
        ):
            error = self.refused(**request)
            assert error.response.status_code == code, error
            assert reason in str(error)
        self.flags(instances=2, group="quota")
        assert self.refused(count=2, networks=[]).response.status_code == 403
        assert len(self.admin_api.get_servers(detail=False)) == 1

        self.admin_api.post_server_action(self.server["id"], {"shelve": None})
        self._wait_for_server_parameter(self.server, {"status": "SHELVED_OFFLOADED"}, max_retries=60)
        assert self.refused(networks=[]).response.status_code == 409

    def test_linked_clones_protect_what_they_depend_on(self) -> None:
        assert self.refused(linked=True).response.status_code == 400
        assert self.refused(snapshot=str(uuid4())).response.status_code == 404
        path = f"/servers/{self.server['id']}/os-vmware-snapshot"
        self.admin_api.api_post(path, {"snapshot": {"name": "base"}})
        self._wait_for_server_parameter(self.server, {"OS-EXT-STS:task_state": None}, max_retries=60)
        [snapshot] = self.admin_api.api_get(path).body["snapshots"]

        linked = self.clone(snapshot=snapshot["id"], linked=True, networks=[])
        assert self.parents(linked) >= {f"[shared1] {self.server['id']}/{self.server['id']}.vmdk"}
        for needed in (f"/servers/{self.server['id']}", f"{path}/{snapshot['id']}"):
            with pytest.raises(ApiError, match=linked["id"]) as refused:
                self.admin_api.api_delete(needed)
            assert refused.value.response.status_code == 409
        # A full clone of the snapshot stands alone.
        full = self.clone(snapshot=snapshot["id"], networks=[])
        assert self.parents(full) == set()

        self._delete_server(linked)
        self._delete_server(self.server)
        assert self.vm_of(full)["power"] == "poweredOn"

    def parents(self, server: dict[str, Any]) -> set[str]:
        """Files on which the disks of a server's VM depend."""
        [config] = [
            vm["config"] for vm in self.vms("config").values() if vm["config"].instanceUuid == server["id"]
        ]
        files = set()
        for device in config.hardware.device:
            backing = getattr(device.backing, "parent", None)
            while backing is not None:
                files.add(backing.fileName)
                backing = backing.parent
        return files


class FailedCloneTest(ClonedCloud):
    """Whatever step vCenter refuses, nothing of the clone is left, and all of the source."""

    def _assert_nothing_left(self, **rule: Any) -> None:
        before = self.everything()
        self.break_method(**rule)
        clone = self.clone("ERROR", networks=[])
        self.mend()
        left = self.everything()
        self._delete_server(clone)
        assert before == left
        assert self.server["id"] in clone["fault"]["message"]
        assert self.vm_of(self.server)["power"] == "poweredOn"

    def test_failures(self) -> None:
        self._assert_nothing_left(method="CloneVM_Task", fault="NoDiskSpace")
        self._assert_nothing_left(method="PowerOnVM_Task", fault="InsufficientResourcesFault")

        # Another task holds the server's VM for a moment.
        for fault in ("TaskInProgress", "ConcurrentAccess"):
            self.break_method(method="CloneVM_Task", fault=fault, count=2)
            self.clone(networks=[])
            assert self.has_broken()
        # The way to vCenter breaks off while it copies.
        self.break_method(method="WaitForUpdatesEx", action="drop", skip=1, count=2)
        self.clone(networks=[])
        assert self.has_broken()
        # It was told to begin, and does not answer.
        self._assert_nothing_left(method="CloneVM_Task", action="drop", count=1)

    def test_the_owner_learns_why(self) -> None:
        self.break_method(method="CloneVM_Task", fault="NoDiskSpace")
        clone = self.clone("ERROR", networks=[])
        assert "NoDiskSpace" in self.api.get_server(clone["id"])["fault"]["message"]
        action = self.api.get_instance_actions(self.server["id"])[0]
        assert action["action"] == "os-server-clone"
        assert action["message"].startswith("Insufficient disk space")
