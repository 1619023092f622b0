"""The page about the checks, and the web UI, say what the checks say."""

from polyvisor.adoption.checks import registry
from tests.unit.speakers import ROOT, texts

PAGE = ROOT / "docs" / "reference" / "adoption-checks.md"
HEADINGS = {"blocks": "## Blocks", "decision": "## Needs a decision", "note": "## Notes"}


def test_every_check_is_on_the_page_under_its_severity() -> None:
    listed: dict[str, list[str]] = {}
    heading = ""
    for line in PAGE.read_text().splitlines():
        heading = line if line.startswith("## ") else heading
        if line.startswith("| `"):
            listed.setdefault(heading, []).append(line)
    for severity, title in HEADINGS.items():
        assert listed[title] == [
            f"| `{name}` | {check.title} | {check.way_out} |"
            for name, check in registry().items()
            if check.severity == severity
        ]


def test_the_web_ui_has_every_check() -> None:
    assert texts("en")["check"] == {
        name: {"title": f"{check.title[0].upper()}{check.title[1:]}", "wayOut": check.way_out}
        for name, check in registry().items()
    }
    assert texts("zh-CN")["check"].keys() == registry().keys()
