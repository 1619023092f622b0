"""A server's screen in the UI: a real QEMU, by Nova's own proxy and the platform's relay."""

from typing import Any

from playwright.sync_api import Page, expect

from polyvisor.sandbox import cloud as sandbox
from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import text, violations

LONG = 180_000
#: Whether the screen shows more than one colour.
HAS_PICTURE = """() => {
    const canvas = document.querySelector('section canvas')
    if (!canvas?.width) return false
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    return new Set(new Uint32Array(pixels.buffer)).size > 1
}"""


def test_the_screen_of_a_kvm_server_is_seen_through_the_platform(
    lab: Any, page: Page, site: Any, servers: list[Any]
) -> None:
    image = lab.tenant.image.find_image(sandbox.KVM_IMAGE).id
    servers.append(server := lab.build(image_id=image))
    sockets: list[str] = []
    page.on("websocket", lambda one: sockets.append(one.url))
    resource = site.resource(server.id)
    page.goto(f"/console/{resource}")
    expect(page.get_by_role("region", name=text("console.screen", name=server.name))).to_be_visible()
    expect(page.get_by_text(text("console.connected"))).to_be_visible(timeout=LONG)
    page.wait_for_function(HAS_PICTURE, timeout=LONG)
    assert violations(page) == []
    shoot(page, "console-screen")
    # The browser speaks to the platform only, and its ticket is in no address.
    assert sockets == [f"{site.url}/resources/{resource}/console".replace("http", "ws", 1)]
    page.get_by_role("button", name=text("common.copyCall")).click()
    expect(page.get_by_text(text("common.copied"))).to_be_visible()
    assert f"/api/v1/resources/{resource}/console" in page.evaluate("navigator.clipboard.readText()")

    lab.tenant.compute.stop_server(server)
    expect(page.get_by_text(text("console.closed.ended"))).to_be_visible(timeout=LONG)
    log = site.call("GET", "audit?q=server.console.close")["items"]
    assert [one["target_name"] for one in log] == [server.name]
