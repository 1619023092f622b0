"""A plan of an adoption in the UI: its networks are decided about, it is taken away, edited, brought back."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_adoption import quota
from tests.e2e.test_op_adoption import Adoption
from tests.e2e.web.conftest import shoot
from tests.e2e.web.looks import text, violations

__all__ = ["quota"]  # a fixture
RULES = {"switches": [{"switch": "dvs1", "physical_network": "physnet1"}]}


@pytest.fixture
def adoption(lab: Any, site: Any, quota: Callable[..., None]) -> Iterator[Adoption]:
    """One that is planned, and whose networks nobody owns yet."""
    made = Adoption(lab, site)
    site.call("PUT", f"{made.path}/rules", rules=RULES)
    made.do("discover")
    yield made
    made.end()


def test_networks_are_decided_about_and_a_plan_is_brought_back(
    page: Page, site: Any, adoption: Adoption, tmp_path: Path
) -> None:
    network = decide(page, site, adoption)
    plan = tmp_path / "plan.yaml"
    with page.expect_download() as download:
        page.get_by_role("main").get_by_text(text("adopt.tab.plan"), exact=True).first.click()
        page.get_by_text(text("adopt.shape.yaml"), exact=True).click()
        page.get_by_role("main").get_by_role("button", name=text("adopt.download")).click()
    download.value.save_as(plan)
    whole = plan.read_text()
    assert "192.0.2.0/24" in whole

    plan.write_text(whole.replace("kind: plan", "kind: nothing", 1))
    page.get_by_label(text("adopt.upload")).set_input_files(plan)
    refused = page.get_by_role("alert").filter(has_text=text("message.plan_invalid", text="plan.yaml, line"))
    expect(refused).to_be_visible()
    shoot(page, "plan-refused")
    plan.write_text(whole.replace("192.0.2.0/24", "198.51.100.0/24"))
    page.get_by_label(text("adopt.upload")).set_input_files(plan)
    file = page.get_by_role("textbox", name=text("adopt.shape.yaml"))
    expect(file).to_have_value(re.compile("198\\.51\\.100\\.0/24"))
    expect(refused).to_have_count(0)
    page.get_by_role("main").get_by_text(text("adopt.tab.networks"), exact=True).first.click()
    expect(page.get_by_role("row").filter(has_text=network)).to_contain_text("198.51.100.0/24")


def decide(page: Page, site: Any, adoption: Adoption) -> str:
    """Whose a network is that is to be made, and its subnet; a mistake is told beside the field."""
    found = site.call("GET", f"{adoption.path}/networks")["items"]
    network = next(one for one in found if one["id"] is None and one["vlan"] is not None)
    page.goto(f"/adoption/{adoption.id}/networks")
    shown = page.get_by_role("row").filter(has_text=network["network"])
    expect(shown).to_contain_text(text("status.undecided"))
    shown.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    assert violations(page) == []
    dialog.get_by_role("textbox", name=text("adopt.networkOwner"), exact=True).fill("demo")
    if not network["subnets"]:
        dialog.get_by_role("button", name=text("adopt.addSubnet")).click()
    subnet = dialog.get_by_role("textbox", name=text("adopt.subnet"), exact=True).first
    subnet.fill("192.0.2.0/99")
    dialog.get_by_role("button", name=text("common.save")).click()
    expect(subnet).to_have_attribute("aria-invalid", "true")
    shoot(page, "adopt-network")
    subnet.fill("192.0.2.0/24")
    for box in dialog.get_by_role("checkbox", name=text("adopt.accept")).all():
        box.click()
    for reason in dialog.get_by_role("textbox", name=text("adopt.reason"), exact=True).all():
        reason.fill("as it is wired")
    dialog.get_by_role("button", name=text("common.save")).click()
    expect(dialog).to_be_hidden()
    expect(shown).to_contain_text("192.0.2.0/24")
    expect(shown).to_contain_text(text("status.to_be_made"))
    return str(network["network"])
