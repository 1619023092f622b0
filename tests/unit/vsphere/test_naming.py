import pytest

from polyvisor.vsphere.naming import escape, is_named, unescape


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("esx11", "esx11"),
        ("prod%2fweb", "prod/web"),
        ("prod%2Fweb", "prod/web"),
        ("a%5cb%5Cc", r"a\b\c"),
        ("100%25", "100%"),
        ("%252f", "%2f"),
        ("a%20b", "a%20b"),
        ("中文%2f名", "中文/名"),
    ],
)
def test_unescape(escaped: str, plain: str) -> None:
    assert unescape(escaped) == plain


@pytest.mark.parametrize(
    "plain", ["esx11", "prod/web", r"a\b", "100%", "%2f", "%252f", "a%20b", "中文/名 🐘"]
)
def test_escape_is_undone_by_unescape(plain: str) -> None:
    escaped = escape(plain)
    assert unescape(escaped) == plain
    assert not {"/", "\\"} & set(escaped)


@pytest.mark.parametrize("plain", ["esx11", "prod/web", r"a\b", "100%", "%2f", "a%20b"])
def test_a_name_may_be_written_in_both_ways(plain: str) -> None:
    assert is_named(plain, plain)
    assert is_named(plain, escape(plain))


@pytest.mark.parametrize("wanted", ["prod/Web", "prod", "prod%252fweb", "prod%20web", ""])
def test_other_names(wanted: str) -> None:
    assert not is_named("prod/web", wanted)
