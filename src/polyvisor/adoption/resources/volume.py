"""Volumes of Cinder, made of disks that VMs have, in place: decision 0014."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from polyvisor.adoption.clouds import RefusedError, ask, ask_gone, listing
from polyvisor.adoption.errors import AdoptionError
from polyvisor.adoption.job import Job
from polyvisor.adoption.journal import Thing
from polyvisor.adoption.message import heard, say
from polyvisor.adoption.plan import Volume
from polyvisor.adoption.resources.shared import recorded
from polyvisor.adoption.work import Work

KIND: Final = "volume"
MANAGEABLE: Final = "/manageable_volumes"
#: The first that has it.
MICROVERSION: Final = "3.8"
#: Metadata by which one is found again, and the reason of Cinder's driver for refusing a disk.
_MARK: Final = "polyvisor:adoption"
_REASON: Final = "polyvisor:refused"
#: What Cinder's API calls a volume that it is beginning to manage (cinder.api.v3.views.volumes).
_MANAGING: Final = "creating"
#: Seconds between two looks, at first and at most.
_PAUSES: Final = (2.0, 5.0)
#: For what Cinder is doing to end, before it is taken to have lost it.
_SETTLE_SECONDS: Final = 60.0


def make(work: Work, job: Job, wanted: Sequence[Volume]) -> list[str]:
    """Let Cinder manage disks of a VM, and wait until it does; give the ids in the order of the disks.

    Raises:
        AdoptionError: Cinder refused, and why.
    """
    cinder = work.clouds.of_project(job.project).block_storage
    things = [Thing(job.id, KIND, f"disk {volume.disk}", project=job.project) for volume in wanted]
    ids = []
    for volume, thing in zip(wanted, things, strict=True):
        body = {"volume": _body(work, job, volume, thing)}
        with recorded(work, thing):
            made = ask(cinder, "POST", MANAGEABLE, body, microversion=MICROVERSION)["volume"]
        work.journal.write(replace(thing, id=made["id"]))
        ids.append(str(made["id"]))
    if ids:
        # It takes as long at least: a first look at once would be in vain.
        time.sleep(_PAUSES[0])
    for volume, id_ in zip(wanted, ids, strict=True):
        _wait(work, cinder, id_, volume)
    return ids


def _body(work: Work, job: Job, volume: Volume, thing: Thing) -> dict[str, Any]:
    ref = {"source-vm": job.server.instance_uuid, "source-id": str(volume.disk)}
    body = {
        "host": job.pool,
        "ref": ref,
        "name": volume.volume,
        "bootable": False,
        "metadata": {_MARK: work.mark(job.id, thing.key)},
    }
    return {**body, "volume_type": volume.type} if volume.type else body


def _wait(work: Work, cinder: Any, volume: str, planned: Volume) -> None:
    for found in _looks(cinder, volume, work.patience):
        status = found["status"] if found else "gone"
        if status == "available":
            return
        if found is None or status.startswith("error"):
            told = found["metadata"].get(_REASON) if found else None
            reason = heard(told) if told else say("volume_is", volume=volume, status=status)
            raise AdoptionError(say("disk_no_volume", disk=planned.disk, reason=reason))
    raise AdoptionError(say("disk_unmanaged", disk=planned.disk, seconds=f"{work.patience:g}"))


def _looks(cinder: Any, volume: str, seconds: float) -> Iterator[dict[str, Any] | None]:
    """The volume, again and again, less often as time goes by; None: it is gone."""
    pause, longest = _PAUSES
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            yield ask(cinder, "GET", f"/volumes/{volume}")["volume"]
        except RefusedError as exc:
            if exc.status != 404:
                raise
            yield None
        time.sleep(pause)
        pause = min(pause * 1.5, longest)


def find(work: Work, things: Iterable[Thing]) -> list[Thing]:
    """Those of the volumes of one VM that are there, with their ids, of which no answer is known."""
    marks = {work.mark(thing.owner, thing.key): thing for thing in things}
    projects = {thing.project for thing in marks.values()}
    found = [
        (item["metadata"].get(_MARK), item["id"])
        for project in projects
        for item in listing(work.clouds.of_project(str(project)).block_storage, "/volumes/detail", "volumes")
    ]
    return [replace(marks[mark], id=id_) for mark, id_ in found if mark in marks]


def remove(work: Work, thing: Thing) -> None:
    """Let Cinder forget it. It is never deleted: its disk is the VM's.

    Raises:
        AdoptionError: OpenStack said no, or did not end.
    """
    cinder = work.clouds.of_project(str(thing.project)).block_storage
    asked, given_up = False, time.monotonic() + min(_SETTLE_SECONDS, work.patience)
    for found in _looks(cinder, str(thing.id), work.patience + _SETTLE_SECONDS):
        if found is None:
            return
        status = found["status"]
        settled = status == "available" or status.startswith("error")
        if status == _MANAGING and time.monotonic() > given_up:
            # Cinder does not take that up again after it was killed, and forgets no volume that is so.
            ask_gone(cinder, "POST", f"/volumes/{thing.id}/action", {"os-reset_status": {"status": "error"}})
        if asked and settled:
            raise AdoptionError(say("volume_stays", volume=thing.id, status=status))
        if settled:
            ask_gone(cinder, "POST", f"/volumes/{thing.id}/action", {"os-unmanage": {}})
            asked = True
    raise AdoptionError(say("volume_stays_long", volume=thing.id, seconds=f"{work.patience:g}"))


def pools(work: Work) -> Mapping[str, str | None]:
    """Cinder's pools -> the vCenter (instance UUID) that each is of; None: it does not say.

    Raises:
        RefusedError: OpenStack said no.
    """
    cinder = work.clouds.admin.block_storage
    found = ask(cinder, "GET", "/scheduler-stats/get_pools", query={"detail": "true"})["pools"]
    return {item["name"]: item["capabilities"].get("vcenter_uuid") for item in found}
