"""The simulator as its clients see it: oslo.vmware's suds, which Nova uses, and pyVmomi."""

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from pyVim.connect import SmartConnect
from pyVmomi import vim

from tests.functional.conftest import StartVCenter, VCenter


@pytest.fixture(scope="module")
def running(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter()


def connect(vcenter: VCenter, password: str | None = None) -> Any:
    return SmartConnect(  # type: ignore[no-untyped-call]  # pyVim has no annotations
        host=vcenter.host,
        port=vcenter.port,
        user=vcenter.username,
        pwd=vcenter.password if password is None else password,
        sslContext=ssl.create_default_context(cafile=vcenter.ca_file),
    )


@pytest.fixture
def content(running: VCenter) -> Iterator[Any]:
    instance = connect(running)
    yield instance.content
    instance.content.sessionManager.Logout()


def names(content: Any, kind: type) -> list[str]:
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
    try:
        return sorted(entity.name for entity in view.view)
    finally:
        view.Destroy()


def test_the_inventory_has_the_names_the_readme_promises(content: Any) -> None:
    assert names(content, vim.Datacenter) == ["dc1"]
    assert names(content, vim.ClusterComputeResource) == ["cluster1", "cluster2"]
    assert names(content, vim.HostSystem) == [f"esx{c}{h}" for c in (1, 2) for h in (1, 2, 3, 4)]
    assert names(content, vim.Datastore) == sorted(
        ["shared1", "shared2", "cluster1-ssd", "cluster2-ssd"]
        + [f"esx{c}{h}-local" for c in (1, 2) for h in (1, 2, 3, 4)]
    )
    assert "dvs1" in names(content, vim.DistributedVirtualSwitch)


def test_a_wrong_password_is_refused(running: VCenter) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        connect(running, password="not it")


def test_same_seed_same_inventory(vcenter: StartVCenter) -> None:
    seen = []
    for _ in range(2):
        instance = connect(vcenter("-vms", "6", "-seed", "7"))
        content = instance.content
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        seen.append(
            [content.about.instanceUuid]
            + [
                (vm._moId, vm.name, vm.config.uuid, vm.config.instanceUuid, vm.runtime.host.name)
                for vm in view.view
            ]
        )
        instance.content.sessionManager.Logout()
    assert seen[0] == seen[1]


def test_oslo_vmware_reads_the_inventory_through_the_wsdl(running: VCenter) -> None:
    from oslo_vmware import api, vim_util  # noqa: PLC0415 - monkey-patches nothing, but takes a second

    session = api.VMwareAPISession(
        running.host,
        running.username,
        running.password,
        api_retry_count=1,
        task_poll_interval=0.1,
        port=running.port,
        cacert=running.ca_file,
        insecure=False,
    )
    found = session.invoke_api(vim_util, "get_objects", session.vim, "HostSystem", 100, ["name"])
    assert len(found.objects) == 8
    session.logout()
