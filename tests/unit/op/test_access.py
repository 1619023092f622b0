"""Which rights hold where."""

import pytest

from polyvisor.op.identity.access import Access, Held, is_below
from polyvisor.op.identity.actor import Actor
from polyvisor.op.problem import Forbidden
from polyvisor.op.rights import BUILT_IN, Right

READ, MANAGE = Right.TENANT_READ, Right.TENANT_MANAGE


def access(*held: Held) -> Access:
    return Access(Actor("li", "session"), held)


@pytest.mark.parametrize(
    ("node", "above", "expected"),
    [
        ("/tenants/a", "/", True),
        ("/tenants/a/b", "/tenants/a", True),
        ("/tenants/ab", "/tenants/a", False),
        ("/tenants/a", "/tenants/a", False),
        ("/", "/tenants/a", False),
        ("/", "/", False),
    ],
)
def test_below(node: str, above: str, expected: bool) -> None:
    assert is_below(node, above) is expected


def test_one_node_of_several_will_do() -> None:
    mine = access(Held("/clouds/c", frozenset({READ})))
    assert mine.allows(READ, "/tenants/a", "/clouds/c")
    assert not mine.allows(MANAGE, "/tenants/a", "/clouds/c")
    with pytest.raises(Forbidden, match=r"li has no right tenant\.read at /tenants/a"):
        mine.require(READ, "/tenants/a")


def test_rights_of_several_grants_add_up() -> None:
    mine = access(Held("/", frozenset({READ})), Held("/tenants/a", frozenset({MANAGE})))
    assert mine.rights_at("/tenants/a/b") == {READ, MANAGE}
    assert mine.rights_at("/tenants/b") == {READ}


def test_only_the_administrator_administers() -> None:
    assert [name for name, role in BUILT_IN.items() if Right.ADMINISTER in role.rights] == ["administrator"]


def test_who_only_looks_changes_nothing() -> None:
    assert {right.split(".")[1] for right in BUILT_IN["auditor"].rights} == {"read"}
