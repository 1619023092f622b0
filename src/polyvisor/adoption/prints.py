"""Fingerprints of VMs as the journal keeps them: small, as there are thousands."""

import base64
import json
import zlib
from collections.abc import Iterable, Mapping

from polyvisor.adoption.journal import Vm
from polyvisor.adoption.work import Work
from polyvisor.vsphere import fingerprint
from polyvisor.vsphere.fingerprint import Fingerprint

#: In the details of a VM.
BEFORE = "before"


def read(work: Work, vms: Iterable[str]) -> dict[str, Fingerprint]:
    """Read those of VMs (ids) of any vCenter, one bulk read each; VMs that are gone are missing.

    Raises:
        AdoptionError: a vCenter was not given.
        VSphereError: one did not answer.
    """
    by_vcenter: dict[str, list[str]] = {}
    for vm in vms:
        vcenter, _, moref = vm.partition(":")
        by_vcenter.setdefault(vcenter, []).append(moref)
    return {
        f"{vcenter}:{moref}": found
        for vcenter, morefs in by_vcenter.items()
        for moref, found in fingerprint.read(work.session(f"{vcenter}:"), morefs).items()
    }


def pack(print_: Fingerprint) -> str:
    """Make text of one."""
    return base64.b64encode(zlib.compress(json.dumps(print_.values).encode())).decode()


def before(vm: Vm) -> Fingerprint | None:
    """The one from before the VM was adopted."""
    packed: str | None = _text(vm.details)
    return Fingerprint(json.loads(zlib.decompress(base64.b64decode(packed)))) if packed else None


def _text(details: Mapping[str, object]) -> str | None:
    value = details.get(BEFORE)
    return str(value) if value else None
