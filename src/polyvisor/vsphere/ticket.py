"""A ticket proves to the compute driver that who adopts a VM has control of it in vCenter.

It is a secret, of which the VM bears the digest in one key of its ``extraConfig``. The digest is over
vCenter, VM and project too, so it is worth nothing for another one. Taking the VM removes it in the same
step.
"""

import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from pyVmomi import vim

from polyvisor.vsphere.collector import object_filter
from polyvisor.vsphere.faults import InvalidInput, NotFound
from polyvisor.vsphere.inventory import retrieve
from polyvisor.vsphere.session import Session
from polyvisor.vsphere.task import wait_for_task

KEY: Final = "polyvisor.ticket"
_SECONDS: Final = 3600.0
_RECONFIGURE_SECONDS: Final = 60.0
_OPTION: Final = f'config.extraConfig["{KEY}"]'


@dataclass(frozen=True, slots=True)
class Stub:
    """What the VM keeps of a ticket.

    Attributes:
        expires: seconds since 1970, by the clock of who issued it.
    """

    expires: int
    digest: str

    @classmethod
    def read(cls, value: str) -> Self | None:
        """Read the value of the VM's key; what is no ticket is none."""
        expires, _, digest = value.partition(":")
        return cls(int(expires), digest) if expires.isdecimal() and digest else None

    def __str__(self) -> str:
        return f"{self.expires}:{self.digest}"

    def admits(self, digest: str) -> bool:
        """Tell whether this is the ticket of that digest, and still good."""
        return hmac.compare_digest(self.digest, digest) and time.time() < self.expires


def digest_of(secret: str, *, vcenter: str, vm: str, instance_uuid: str, project: str) -> str:
    """Return what a ticket is compared by.

    Args:
        secret: as `issue` returned it.
        vcenter: instance UUID of the vCenter.
        vm: moref.
    """
    return sha256("\n".join((secret, vcenter, vm, instance_uuid.lower(), project)).encode()).hexdigest()


def issue(session: Session, vm: str, *, instance_uuid: str, project: str, seconds: float = _SECONDS) -> str:
    """Write a ticket on a VM, in place of an earlier one, and return the secret.

    Args:
        vm: moref.
        instance_uuid: that the VM must have now, lest the moref is another vCenter's.
        project: id of the project that the VM may be adopted into.
        seconds: for how long it is good.

    Raises:
        NotFound: there is no such VM, or it is another one.
        Busy: somebody has changed the VM at the same time.
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    if seconds <= 0:
        raise InvalidInput("a ticket is good for some seconds at least")
    managed = session.managed_object(vim.VirtualMachine, vm)
    found = retrieve(session, object_filter(managed, ["config.instanceUuid", "config.changeVersion"]))
    props = found.get(vm, {})
    if str(props.get("config.instanceUuid", "")).lower() != instance_uuid.lower():
        raise NotFound(f"{session.endpoint}: there is no VM {vm} with the instance UUID {instance_uuid}")
    secret = secrets.token_urlsafe(32)
    digest = digest_of(
        secret,
        vcenter=session.vcenter_uuid,
        vm=vm,
        instance_uuid=instance_uuid,
        project=project,
    )
    _write(session, managed, str(Stub(int(time.time() + seconds), digest)), props["config.changeVersion"])
    return secret


def withdraw(session: Session, vm: str) -> None:
    """Take the ticket from a VM (a moref). If it has none, that is no error.

    Raises:
        NotFound: there is no such VM.
        VSphereError: as `Session.call` and `wait_for_task` do.
    """
    managed = session.managed_object(vim.VirtualMachine, vm)
    found = retrieve(session, object_filter(managed, ["name", _OPTION])).get(vm)
    if found is None:
        raise NotFound(f"{session.endpoint}: there is no VM {vm}, or not any more")
    if _OPTION in found:
        _write(session, managed, "", None)


def _write(session: Session, vm: vim.VirtualMachine, value: str, version: str | None) -> None:
    """Set the key; an empty value removes it."""
    spec = vim.vm.ConfigSpec(
        changeVersion=version, extraConfig=[vim.option.OptionValue(key=KEY, value=value)]
    )
    wait_for_task(session, session.call(vm.ReconfigVM_Task, spec), timeout=_RECONFIGURE_SECONDS)
