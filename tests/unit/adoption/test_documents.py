"""Documents of any origin."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from polyvisor.adoption import documents
from polyvisor.adoption.documents import Source
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.rules import Rules

RULES = TypeAdapter(Rules)


def parse(text: str) -> Rules:
    return documents.parse(Source(Path("rules.yaml"), 1, text), RULES)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "switches:\n- switch: dvs1\n  physicalnetwork: x",
            r"rules.yaml, line 2: switches.0.physical_network: Field",
        ),
        ("servers:\n- rule: a\n  adopt: maybe", r"line 3: servers.0.adopt: Input should be a valid boolean"),
        (
            "servers:\n- rule: a\n  match:\n    name: '('",
            r"line 4: servers.0.match.name: .*no regular expression",
        ),
        ("servers:\n- rule: 7", r"line 2: servers.0.rule: Input should be a valid string"),
        ("subnets:\n- {physical_network: p, vlan: 1, cidr: 10.0.0.1/24}", r"cidr: .*has host bits set"),
        ("switches: {", r"line 2: did not find expected node content"),
        ("a: &x 1\nb: *x", r"line 1: nested too deeply, or an anchor or alias"),
        ("a: " + "[" * 60_000, r"line 1: nested too deeply"),
        ("- " * 60_000, r"line 1: nested too deeply"),
        ("a: " + "x" * 300_000, r"a document of more than"),
        ("a: !!python/object/apply:os.system [id]", r"could not determine a constructor|Extra inputs"),
        ('a: "\x07"', r"line 1: unacceptable character"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(AdoptionError, match=says):
        parse(text)


def test_text_that_looks_like_something_else_stays_text() -> None:
    rules = parse("servers:\n- {rule: no, project: 0123, flavor: 12:30:45, match: {name: 1.5}}")
    [rule] = rules.servers
    assert (rule.rule, rule.project, rule.flavor, rule.match.name) == ("no", "0123", "12:30:45", "1.5")


@pytest.mark.parametrize(
    "text", ["no", "0123", "12:30:45", "1.5", "1e3", "null", "2026-11-22", "a: b", "# x", "é"]
)
def test_what_is_written_is_read_as_it_was(text: str) -> None:
    [rule] = parse(documents.dump({"servers": [{"rule": text}]})).servers
    assert rule.rule == text


def test_a_seal_tells_of_any_change() -> None:
    text = documents.seal("---\na: 1\n")
    assert not Source(Path("f"), 1, text).touched
    assert not Source(Path("f"), 1, text + "\n").touched
    assert Source(Path("f"), 1, text.replace("1", "2", 1)).touched
    assert Source(Path("f"), 1, text.replace("a: 1", "a: 1  # why")).touched
    assert Source(Path("f"), 1, "---\na: 1\n").touched


def test_a_file_is_split_at_its_marks(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("# a remark\n---\na: 1\n---\n\n--- # b\nb: '---'\nc: |\n  ---\n")
    assert [(source.line, source.text) for source in documents.read(file)] == [
        (2, "---\na: 1\n"),
        (6, "--- # b\nb: '---'\nc: |\n  ---\n"),
    ]
