"""One simulator for all tests of a module: they tell their networks apart by UUID and VLAN."""

import pytest

from tests.functional.conftest import StartVCenter, VCenter


@pytest.fixture(scope="module")
def running_vcenter(module_vcenter: StartVCenter) -> VCenter:
    return module_vcenter("-vms", "16")
