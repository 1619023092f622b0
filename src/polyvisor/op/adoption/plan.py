"""The plan of an adoption: each document of its file a row, so that thousands can be searched and edited."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from polyvisor.adoption import plan_file
from polyvisor.adoption.documents import Source
from polyvisor.adoption.plan import Flavor, Header, Network, Plan, Server
from polyvisor.op import paging
from polyvisor.op.db.models import Adoption, AdoptionDocument, JournalVm
from polyvisor.op.message import say
from polyvisor.op.problem import Conflict, NotFound

M = TypeVar("M", bound=BaseModel)
#: What mistakes in it are told with.
FILE = Path("plan.yaml")
_PART = 500


def put(session: Session, adoption: Adoption, plan: Plan, texts: Mapping[str, str]) -> None:
    """Keep a plan, instead of the one before; ``texts`` by the keys of its documents."""
    session.execute(delete(AdoptionDocument).where(AdoptionDocument.adoption_id == adoption.id))
    rows = [
        row_of(document, texts[plan_file.key(document)]) | {"adoption_id": adoption.id, "position": position}
        for position, document in enumerate(plan.documents)
    ]
    for start in range(0, len(rows), _PART):
        session.execute(insert(AdoptionDocument), rows[start : start + _PART])


def row_of(document: BaseModel, text: str) -> dict[str, Any]:
    """A document as a row."""
    content = document.model_dump(mode="json")
    row = {"kind": content["kind"], "key": plan_file.key(document), "content": content, "text": text}
    found: dict[str, Any] = {
        "path_key": "",
        "folder": "",
        "state": "",
        "severities": "",
        "checks": "",
        "words": "",
    }
    if isinstance(document, Server):
        path = document.vm.path
        found = {
            "path_key": path.lower()[:255],
            "folder": path.rpartition("/")[0],
            "state": document.state,
            "severities": _words(finding.severity for finding in document.findings),
            "checks": _words(finding.check for finding in document.findings),
            "words": " ".join(_searched(document)).lower(),
        }
    return row | found | {"differences": None}


def _words(found: Iterable[str]) -> str:
    return f" {' '.join(dict.fromkeys(found))} "


def _searched(server: Server) -> Iterator[str]:
    facts = server.vm
    yield from (facts.path, server.server, server.id, server.project or "", facts.cluster, facts.guest)
    for port in server.ports:
        yield from (port.mac, port.network or "", *(port.addresses or ()))
    yield from facts.nics


def sources(session: Session, adoption: Adoption) -> Iterator[Source]:
    """The documents of the plan's file, in order."""
    mine = AdoptionDocument.adoption_id == adoption.id
    texts = select(AdoptionDocument.text).where(mine).order_by(AdoptionDocument.position)
    line = 1
    for text in session.scalars(texts):
        yield Source(FILE, line, text)
        line += text.count("\n")


def load(session: Session, adoption: Adoption) -> Plan:
    """The plan, states judged by what is decided now. Raises Conflict if there is none yet."""
    documents: dict[str, list[Any]] = {"plan": [], "network": [], "flavor": [], "server": []}
    mine = AdoptionDocument.adoption_id == adoption.id
    rows = select(AdoptionDocument.kind, AdoptionDocument.content).where(mine)
    models: dict[str, type[BaseModel]] = {
        "plan": Header,
        "network": Network,
        "flavor": Flavor,
        "server": Server,
    }
    for kind, content in session.execute(rows.order_by(AdoptionDocument.position)):
        documents[kind].append(read(models[kind], content))
    if not documents["plan"]:
        raise Conflict(say("plan_missing", adoption=adoption.name))
    return Plan(documents["plan"][0], documents["network"], documents["flavor"], documents["server"])


def read(kind: type[M], content: Mapping[str, Any]) -> M:
    """A document of what a row has. In JSON's terms: else strict models take no list for a tuple."""
    return kind.model_validate_json(json.dumps(content))


@dataclass(frozen=True, slots=True)
class Search:
    """Which VMs: every field that is given has to fit."""

    words: str = ""
    folder: str | None = None
    state: str | None = None
    severity: str | None = None
    check: str | None = None
    progress: str | None = None
    differing: bool = False


def find(
    session: Session, adoption: Adoption, search: Search, part: paging.Slice
) -> tuple[list[AdoptionDocument], str | None, int]:
    """VMs by path, the next cursor, and how many there are in all parts together."""
    conditions = list(_conditions(adoption, search))
    total = session.scalar(select(func.count()).select_from(AdoptionDocument).where(*conditions)) or 0
    order = [paging.Key(AdoptionDocument.path_key), paging.Key(AdoptionDocument.key)]
    rows, cursor = paging.fetch(session, select(AdoptionDocument).where(*conditions), order, part)
    return rows, cursor, total


def _conditions(adoption: Adoption, search: Search) -> Iterator[ColumnElement[bool]]:
    yield AdoptionDocument.adoption_id == adoption.id
    yield AdoptionDocument.kind == "server"
    for word in search.words.lower().split():
        yield AdoptionDocument.words.contains(word, autoescape=True)
    if search.folder is not None:
        below = AdoptionDocument.folder.startswith(f"{search.folder.rstrip('/')}/", autoescape=True)
        yield or_(AdoptionDocument.folder == search.folder.rstrip("/"), below)
    if search.state is not None:
        yield AdoptionDocument.state == search.state
    if search.severity is not None:
        yield AdoptionDocument.severities.contains(f" {search.severity} ", autoescape=True)
    if search.check is not None:
        yield AdoptionDocument.checks.contains(f" {search.check} ", autoescape=True)
    if search.progress is not None:
        same = (JournalVm.adoption_id == adoption.id, JournalVm.vm == AdoptionDocument.key)
        yield exists().where(*same, JournalVm.state == search.progress)
    if search.differing:
        yield AdoptionDocument.differences.is_not(None)


def folders(session: Session, adoption: Adoption) -> list[tuple[str, int]]:
    """Folders in which VMs are, and how many are directly in each."""
    mine = (AdoptionDocument.adoption_id == adoption.id, AdoptionDocument.kind == "server")
    grouped = select(AdoptionDocument.folder, func.count()).where(*mine).group_by(AdoptionDocument.folder)
    return sorted((folder, number) for folder, number in session.execute(grouped))


def documents(session: Session, adoption: Adoption, kind: str) -> list[AdoptionDocument]:
    """All documents of a kind, in order."""
    mine = (AdoptionDocument.adoption_id == adoption.id, AdoptionDocument.kind == kind)
    return list(session.scalars(select(AdoptionDocument).where(*mine).order_by(AdoptionDocument.position)))


def get(session: Session, adoption: Adoption, kind: str, key: str) -> AdoptionDocument:
    """One document. Raises NotFound."""
    found = session.get(AdoptionDocument, (adoption.id, kind, key))
    if found is None:
        if kind == "server":
            raise NotFound(say("vm_not_in_plan", vm=key, adoption=adoption.name))
        raise NotFound.of(kind, key)
    return found


def require(session: Session, adoption: Adoption) -> None:
    """Raise Conflict if there is no plan yet."""
    if session.get(AdoptionDocument, (adoption.id, "plan", "plan")) is None:
        raise Conflict(say("plan_missing", adoption=adoption.name))


def require_vms(session: Session, adoption: Adoption, vms: Sequence[str]) -> list[AdoptionDocument]:
    """The documents of these VMs. Raises NotFound."""
    mine = (AdoptionDocument.adoption_id == adoption.id, AdoptionDocument.kind == "server")
    rows = session.scalars(select(AdoptionDocument).where(*mine, AdoptionDocument.key.in_(vms)))
    found = {row.key: row for row in rows}
    if missing := [vm for vm in vms if vm not in found]:
        raise NotFound(say("vm_not_in_plan", vm=missing[0], adoption=adoption.name))
    return [found[vm] for vm in vms]
