"""What becomes of Nova's errors while a server is asked for."""

import pytest
import webob.exc
from nova import exception

from polyvisor.nova.api import building


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (exception.PortLimitExceeded(), 403),
        (exception.PortNotFound(port_id="a-port"), 400),
        (exception.FixedIpAlreadyInUse(address="192.0.2.7", instance_uuid="a-server"), 409),
    ],
)
def test_what_is_the_user_s_to_put_right(error: exception.NovaException, code: int) -> None:
    with pytest.raises(webob.exc.HTTPError) as refused, building.http_errors():
        raise error
    assert refused.value.code == code
    assert error.format_message() in str(refused.value)


def test_what_is_not() -> None:
    with pytest.raises(exception.NovaException), building.http_errors():
        raise exception.NovaException("broken")
