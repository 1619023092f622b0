"""VMs that vCenter has are adopted by the UI: attached, discovered, decided about, adopted, let go of."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from polyvisor.sandbox import inventory
from tests.e2e.test_adoption import PLENTY, quota
from tests.e2e.test_volume import give_admin_a_role_in
from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import LANGUAGES, choose, row, tasks, text, violations

__all__ = ["quota"]  # a fixture

PROJECT = "demo"
#: VMs are adopted, or let go of, on a machine that may have more to do.
LONG = 180_000
#: What is done to servers waits for people here; the wires of the sandbox do not.
RULES = """
switches:
- {switch: dvs1, physical_network: physnet1}
networks:
- {physical_network: physnet1, vlan: 30, project: demo}
- {physical_network: physnet1, vlan: 40, project: demo}
subnets:
- {physical_network: physnet1, vlan: 30, cidr: 10.0.0.0/15}
- {physical_network: physnet1, vlan: 40, cidr: 10.0.0.0/15}
"""


@pytest.fixture
def cleared(lab: Any, site: Any, quota: Callable[..., None]) -> Iterator[None]:
    """Room in the project; whatever becomes of the test, the VMs are vCenter's alone afterwards."""
    quota(**PLENTY)
    give_admin_a_role_in(lab, "demo")
    yield
    for adoption in site.call("GET", "adoptions")["items"]:
        path = f"adoptions/{adoption['id']}"
        for one in site.call("GET", f"operations?resource={adoption['id']}")["items"]:
            site.until(lambda key=one: site.show(key)["finished"] is not None, "operations to end")
        if site.call("GET", path)["progress"].keys() - {"released", "left alone"}:
            site.done(site.call("POST", f"{path}/release"))
        site.call("DELETE", path)
    for vcenter in site.call("GET", "vcenters")["items"]:
        site.call("DELETE", f"vcenters/{vcenter['id']}")


def test_vms_are_adopted_and_one_is_let_go_of(lab: Any, page: Page, site: Any, cleared: None) -> None:
    attach(page, lab)
    begin(page)
    vms = undecided(site)
    decide(page, vms)
    adopt(page, vms)
    show_in_chinese(page)
    verify(page)
    release(page, lab, vms)


def attach(page: Page, lab: Any) -> None:
    """A vCenter; first with a wrong password, of which its reason is told."""
    page.goto("/administration/vcenters")
    page.get_by_role("main").get_by_role("button", name=text("vcenter.attach")).click()
    dialog = page.get_by_role("dialog")
    choose(page, text("common.cloud"), "sandbox")
    given = {
        "common.name": "dc1",
        "vcenter.host": "127.0.0.1",
        "vcenter.port": str(lab.settings.ports["vcenter"]),
        "vcenter.username": inventory.USERNAME,
        "vcenter.password": "wrong",
        "cloud.authority": lab.settings.ca_file.read_text(),
    }
    for label, value in given.items():
        dialog.get_by_role("textbox", name=text(label), exact=True).fill(value)
    dialog.get_by_role("button", name=text("vcenter.attach")).click()
    expect(dialog.get_by_role("alert")).to_contain_text(text("problem.cloud_refused"))
    shoot(page, "adopt-vcenter-refused")
    password = dialog.get_by_role("textbox", name=text("vcenter.password"), exact=True)
    password.fill(lab.settings.secrets["vcenter"])
    dialog.get_by_role("button", name=text("vcenter.attach")).click()
    expect(row(page, "dc1")).to_contain_text(text("status.ok"))


def begin(page: Page) -> None:
    """A new adoption by the wizard; a mistake in its rules is told beside them."""
    page.goto("/adoption")
    page.get_by_role("main").get_by_role("button", name=text("adopt.create")).first.click()
    dialog = page.get_by_role("dialog")
    following = dialog.get_by_role("button", name=text("common.next"))
    dialog.get_by_role("textbox", name=text("common.name"), exact=True).fill("brownfield")
    choose(page, text("common.cloud"), "sandbox")
    expect(following).to_be_disabled()
    choose(page, text("administration.vcenters"), "dc1")
    following.click()
    rules = dialog.get_by_role("textbox", name=text("adopt.rules"), exact=True)
    rules.fill("switches")
    following.click()
    expect(dialog).to_contain_text(text("adopt.notRules"))
    rules.fill(RULES)
    shoot(page, "adopt-wizard-rules")
    following.click()
    dialog.get_by_role("button", name=text("adopt.wizard.finish")).click()
    expect(page.get_by_role("heading", name="brownfield", level=1)).to_be_visible()
    states = page.get_by_role("region", name=text("adopt.planState"))
    undecided = states.get_by_role("row").filter(has_text=text("status.undecided"))
    expect(undecided).to_contain_text(re.compile("[1-9]"), timeout=LONG)
    shoot(page, "adopt-summary")


def undecided(site: Any) -> list[str]:
    """Paths of two VMs that nothing but people's decisions keeps from being adopted."""
    (adoption,) = site.call("GET", "adoptions")["items"]
    found = site.call("GET", f"adoptions/{adoption['id']}/vms?state=undecided&q=app-")["items"]
    plain = [one for one in found if all(port["addresses"] is not None for port in one["ports"])]
    return [one["path"] for one in plain[:2]]


def decide(page: Page, vms: list[str]) -> None:
    """Two VMs are adopted, into the demo project; what is found about them is accepted."""
    show(page, "vms")
    expect(row(page, vms[0])).to_contain_text(text("status.undecided"))
    shoot(page, "adopt-checks")
    row(page, vms[0]).get_by_role("button").first.click()
    expect(page.get_by_role("table", name=text("adopt.findings"))).to_be_visible()
    shoot(page, "adopt-vm")
    page.keyboard.press("Escape")
    pick(page, vms)
    page.get_by_role("main").get_by_role("button", name=text("adopt.do.decide")).click()
    dialog = page.get_by_role("dialog")
    choose(page, text("adopt.choice.label"), text("adopt.choice.yes"))
    choose(page, text("adopt.owner.label"), text("adopt.owner.project"))
    dialog.get_by_role("textbox", name=text("kind.one.project"), exact=True).fill(PROJECT)
    for box in dialog.get_by_role("checkbox", name=text("adopt.accept")).all():
        box.click()
    for reason in dialog.get_by_role("textbox", name=text("adopt.reason"), exact=True).all():
        reason.fill("stays with vCenter")
    shoot(page, "adopt-decide")
    dialog.get_by_role("button", name=text("common.save")).click()
    expect(dialog).to_be_hidden()
    for vm in vms:
        expect(row(page, vm)).to_contain_text(text("status.ready"))
    show(page, "plan")
    expect(row(page, vms[0])).to_contain_text(PROJECT)
    shoot(page, "adopt-plan")
    page.get_by_text(text("adopt.shape.yaml"), exact=True).click()
    file = page.get_by_role("textbox", name=text("adopt.shape.yaml"))
    expect(file).to_have_value(re.compile("kind: server"))
    shoot(page, "adopt-plan-yaml")


def adopt(page: Page, vms: list[str]) -> None:
    """By the wizard, whose dry run says what will come of it."""
    show(page, "vms")
    pick(page, vms)
    page.get_by_role("main").get_by_role("button", name=text("adopt.do.apply"), exact=True).click()
    dialog = page.get_by_role("dialog")
    following = dialog.get_by_role("button", name=text("common.next"))
    following.click()
    verdict = text("adopt.verdict", waiting="2", refused="0")
    expect(dialog).to_contain_text(verdict, timeout=LONG)
    shoot(page, "adopt-dry-run")
    following.click()
    dialog.get_by_role("button", name=text("adopt.do.apply"), exact=True).click()
    expect(dialog).to_be_hidden()
    show(page, "results")
    for vm in vms:
        expect(row(page, vm)).to_contain_text(text("status.adopted"), timeout=LONG)
    shoot(page, "adopt-results")


def pick(page: Page, vms: list[str]) -> None:
    for vm in vms:
        page.get_by_role("checkbox", name=text("common.choose", name=vm), exact=True).click()


def show_in_chinese(page: Page) -> None:
    """The same pages for people who read Chinese."""
    language = "zh-CN"
    page.get_by_role("button", name=text("shell.language")).click()
    page.get_by_text(LANGUAGES[language], exact=True).last.click()
    for tab in ("summary", "vms", "networks", "plan", "results", "rules"):
        show(page, tab, language)
        expect(page.get_by_role("main").locator("td, textarea").first).to_be_visible()
        shoot(page, f"adopt-{tab}-{language}")
    page.get_by_role("button", name=text("shell.language", language)).click()
    page.get_by_text(LANGUAGES["en"], exact=True).last.click()


def verify(page: Page) -> None:
    """What the cloud says and what vCenter says are the same."""
    page.get_by_role("main").get_by_role("button", name=text("common.actions")).click()
    page.get_by_role("menuitem", name=text("adopt.do.verify"), exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=text("adopt.do.verify"), exact=True).click()
    done = tasks(page).get_by_role("row").filter(has_text=text("operation.named.adoption.verify"))
    expect(done).to_contain_text(text("status.succeeded"), timeout=LONG)
    show(page, "results")
    page.get_by_role("checkbox", name=text("adopt.differing")).click()
    expect(page.get_by_text(text("resource.empty"))).to_be_visible()
    page.get_by_role("checkbox", name=text("adopt.differing")).click()


def release(page: Page, lab: Any, vms: list[str]) -> None:
    """One of the servers, from its own page; its VM is vCenter's alone again, the other stays adopted."""
    row(page, vms[0]).get_by_role("link").click()
    expect(page.get_by_role("main")).to_contain_text(text("value.origin.adopted"), timeout=LONG)
    shoot(page, "adopt-server")
    see_console(page)
    page.get_by_role("main").get_by_role("button", name=text("common.actions")).click()
    page.get_by_role("menuitem", name=text("server.action.release"), exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=text("server.action.release"), exact=True).click()
    done = tasks(page).get_by_role("row").filter(has_text=text("operation.named.adoption.release"))
    expect(done).to_contain_text(text("status.succeeded"), timeout=LONG)
    there = {one.name for one in lab.admin.compute.servers(all_projects=True)}
    released, kept = (vm.rpartition("/")[2] for vm in vms)
    assert {released, kept} & there == {kept}
    page.goto("/adoption")
    row(page, "brownfield").get_by_role("button").first.click()
    show(page, "results")
    expect(row(page, vms[0])).to_contain_text(text("status.released"))
    expect(row(page, vms[1])).to_contain_text(text("status.adopted"))
    assert violations(page) == []
    shoot(page, "adopt-released")


def show(page: Page, tab: str, language: str = "en") -> None:
    """Go to a tab of the adoption."""
    page.get_by_role("main").get_by_text(text(f"adopt.tab.{tab}", language), exact=True).first.click()
    expect(page).to_have_url(re.compile(f"/{tab}(\\?|$)"))


def see_console(page: Page) -> None:
    """In a tab of its own: VMware has no VNC, and that is said."""
    page.get_by_role("main").get_by_role("button", name=text("common.actions")).click()
    with page.context.expect_page() as opened:
        page.get_by_role("menuitem", name=text("server.action.console"), exact=True).click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_contain_text("app-")
    expect(tab.get_by_text(text("console.whyNot"))).to_be_visible(timeout=LONG)
    expect(tab.get_by_text(text("problem.rejected"))).to_be_visible()
    shoot(tab, "console")
    tab.close()
