"""The proof that the operator has the vCenter: written on a VM just before Nova is asked to adopt it.

Its secret is in no journal, log or error.
"""

from collections.abc import Iterable

from pydantic import SecretStr

from polyvisor.adoption.job import Job
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.work import Work
from polyvisor.vsphere import ticket

KIND = "ticket"


def make(work: Work, job: Job) -> SecretStr:
    """Write a ticket on a VM that is worth something for this VM and project only.

    Raises:
        VSphereError: vCenter refused.
    """
    work.journal.write(Thing(job.id, KIND, KIND, id=job.server.moref))
    secret = ticket.issue(
        work.session(job.id),
        job.server.moref,
        instance_uuid=job.server.instance_uuid,
        project=job.project,
    )
    return SecretStr(secret)


def find(_work: Work, things: Iterable[Thing]) -> list[Thing]:
    """Tickets are where their VM is."""
    return list(things)


def remove(work: Work, thing: Thing) -> None:
    """Take it from the VM, if Nova has not.

    Raises:
        VSphereError: vCenter refused.
    """
    ticket.withdraw(work.session(thing.owner), str(thing.id))
