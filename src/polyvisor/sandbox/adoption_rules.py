"""Which VMs the demo adopts, as rules of `polyvisor adopt`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyvisor.adoption.rules import RuleBook, Rules
from polyvisor.sandbox.settings import Settings

PROJECT = "demo"
_VLANS = (30, 40)
_ADOPT = {
    "rule": "what was there",
    "match": {"name": "app-.*"},
    "adopt": True,
    "project": PROJECT,
    "accept": {"switch-unmapped": "NICs on the standard switch stay with vCenter"},
}
#: Of the second vCenter, for the sake of time: they have the morefs and names of VMs of the first.
_OF_SECOND = "app-0(02|10|12)"


def rules(settings: Settings) -> RuleBook:
    """The rules for all vCenters, which are on the same wires."""
    wires = [{"physical_network": "physnet1", "vlan": vlan} for vlan in _VLANS]
    document = {
        "switches": [{"switch": "dvs1", "physical_network": "physnet1"}],
        "networks": [{**wire, "project": PROJECT} for wire in wires],
        "subnets": [{**wire, "cidr": "10.0.0.0/14"} for wire in wires],
        "servers": list(_servers(settings)),
    }
    return RuleBook(Rules.model_validate(document, strict=False), {})


def _servers(settings: Settings) -> Iterator[dict[str, Any]]:
    """The first that matches wins."""
    for vcenter in settings.vcenters[1:]:
        of_it = {"vcenter": settings.instance_uuid(vcenter)}
        match = {**of_it, "name": _OF_SECOND}
        yield _ADOPT | {"rule": "some of them", "match": match, "volume_type": vcenter.volume_type}
        yield {"rule": "the others stay", "match": of_it, "adopt": False}
    yield _ADOPT
