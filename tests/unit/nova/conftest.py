"""What tests of Nova's clients of other services share."""

import nova.conf
import pytest
from nova.network import neutron

from tests.unit.nova.neutron_double import Neutron


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Neutron:
    nova.conf.CONF([], default_config_files=[], default_config_dirs=[])
    found = Neutron()
    monkeypatch.setattr(neutron, "get_client", lambda *_args, **_options: found)
    return found
