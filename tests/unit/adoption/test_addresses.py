"""What guests claim."""

import pytest

from polyvisor.adoption.addresses import reported
from tests.unit.adoption.builders import nic


@pytest.mark.parametrize(
    ("claimed", "taken"),
    [
        (("10.0.30.5/24",), ("10.0.30.5",)),
        (("10.0.30.5",), ("10.0.30.5",)),
        (("10.0.30.5/24", "10.0.30.5/16"), ("10.0.30.5",)),
        (("fe80::1/64", "169.254.3.4/16", "127.0.0.1/8", "::1/128", "0.0.0.0/0", "224.0.0.1/4"), ()),
        (("2001:DB8::5/64",), ("2001:db8::5",)),
        (("fe80::1%eth0/64", "10.0.30.5/None", "\x1b[31m", ""), ()),
    ],
)
def test_only_what_others_can_reach_is_taken(claimed: tuple[str, ...], taken: tuple[str, ...]) -> None:
    assert reported(nic(addresses=claimed)) == taken
