"""A server with a wish goes through Nova's life, and stays where it was asked to be."""

from typing import Any

PLACE = ("esx12", ["shared1"])


def test_stop_start_reboot_and_delete(lab: Any, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.tenant.compute.stop_server(server)
    lab.wait(server, "SHUTOFF")
    lab.tenant.compute.start_server(server)
    lab.wait(server, "ACTIVE")
    lab.tenant.compute.reboot_server(server, "HARD")
    lab.wait(server, "ACTIVE")
    assert lab.place(server) == PLACE


def test_resize(lab: Any, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.tenant.compute.resize_server(server, lab.tenant.compute.find_flavor("medium").id)
    lab.wait(server, "VERIFY_RESIZE")
    lab.tenant.compute.confirm_server_resize(server)
    lab.wait(server, "ACTIVE")
    assert lab.place(server) == PLACE


def test_rebuild(lab: Any, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.tenant.compute.rebuild_server(server, lab.image)
    lab.wait(server, "ACTIVE")
    assert lab.place(server) == PLACE


def test_rescue(lab: Any, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.tenant.compute.rescue_server(server, image_ref=lab.image)
    lab.wait(server, "RESCUE")
    assert lab.place(server) == PLACE
    lab.tenant.compute.unrescue_server(server)
    lab.wait(server, "ACTIVE")
    assert lab.place(server) == PLACE


def test_rebuild_goes_on_without_a_wish_that_no_longer_holds_and_says_so(
    lab: Any, servers: list[Any]
) -> None:
    server = lab.build(host="esx22", datastore="shared1")
    servers.append(server)
    lab.govc("host.maintenance.enter", "/dc1/host/cluster2/esx22")
    try:
        lab.tenant.compute.rebuild_server(server, lab.image)
        lab.wait(server, "ACTIVE")
        assert lab.place(server)[0] != "esx22"
    finally:
        lab.govc("host.maintenance.exit", "/dc1/host/cluster2/esx22")
    assert any("esx22" in (detail or "") for detail in event_details(lab, server)), event_details(lab, server)


def event_details(lab: Any, server: Any) -> list[str | None]:
    """What the server's action events say, as an administrator reads it."""
    actions = lab.admin.compute.get(f"/servers/{server.id}/os-instance-actions", microversion="2.84").json()[
        "instanceActions"
    ]
    found = []
    for action in actions:
        url = f"/servers/{server.id}/os-instance-actions/{action['request_id']}"
        shown = lab.admin.compute.get(url, microversion="2.84").json()["instanceAction"]
        found += [event.get("details") for event in shown["events"]]
    return found


def test_shelve_and_unshelve(lab: Any, servers: list[Any]) -> None:
    server = lab.build(host="esx12", datastore="shared1")
    servers.append(server)
    lab.tenant.compute.shelve_server(server)
    lab.wait(server, "SHELVED_OFFLOADED")
    lab.tenant.compute.unshelve_server(server)
    lab.wait(server, "ACTIVE")
    assert lab.place(server) == PLACE


def test_a_console_log_that_vcenter_does_not_keep_is_no_error_of_nova(lab: Any, servers: list[Any]) -> None:
    servers.append(lab.build())
    shown = lab.openstack("console", "log", "show", servers[0].id)
    assert (shown.returncode, shown.stderr) == (0, "")
