"""The page about the checks says what the checks say."""

from pathlib import Path

from polyvisor.adoption.checks import registry

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "adoption-checks.md"
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
