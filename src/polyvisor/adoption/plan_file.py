"""The plan as a file: YAML documents in the order in which they are applied, for reading, Git, and
editing."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter
from ruamel.yaml import YAML

from polyvisor.adoption import documents
from polyvisor.adoption.documents import Line, Source, write_line
from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Document, Flavor, Header, Network, Plan, Server
from polyvisor.adoption.verdict import judge

_DOCUMENT: Final[TypeAdapter[Any]] = TypeAdapter(Document)
#: What `plan` writes anew each time; all before it is for people to decide.
_FACTS: Final = ("compute", "vm", "port_groups", "findings", "state", "undecided")
_REMARK: Final = "# Facts and findings; written anew by each plan.\n"
#: Shown even if empty, because somebody may have to fill them in.
_SHOWN: Final = {"adopt", "mac", "project", "flavor", "compute", "network", "addresses", "vlan", "take"}
_ID: Final = re.compile(r"^id: (\S+)$", re.MULTILINE)
_KEYS: Final = ("nic", "disk", "cidr")


def load(file: Path) -> Plan:
    """Read a plan, of whatever origin.

    States are judged anew. What it says of vCenter is not to be trusted: see `Server.instance_uuid`.

    Raises:
        AdoptionError: it cannot be read, or has a mistake; with file and line.
    """
    return parse(documents.read(file), file)


def parse(sources: Iterable[Source], file: Path) -> Plan:
    """The same, of its documents."""
    plan = _sorted(sources, file)
    networks = {network.network: network for network in plan.networks}
    return replace(plan, servers=[judge(server, networks, plan.header) for server in plan.servers])


def _sorted(sources: Iterable[Source], file: Path) -> Plan:
    found: dict[type, list[Any]] = {Header: [], Network: [], Flavor: [], Server: []}
    seen: set[tuple[str, str]] = set()
    for source in sources:
        document = documents.parse(source, _DOCUMENT, tagged=True)
        for key in _identities(document):
            if key in seen:
                raise InputError(f"{file}, line {source.line}: {key[0]} {key[1]} is in the plan twice")
            seen.add(key)
        found[type(document)].append(document)
    if len(found[Header]) != 1:
        raise InputError(
            f"{file} is no plan: it has {len(found[Header])} documents with 'kind: plan', not one"
        )
    return Plan(found[Header][0], found[Network], found[Flavor], found[Server])


def _identities(document: Any) -> Iterator[tuple[str, str]]:
    """What may be in a plan once only."""
    if isinstance(document, Network):
        yield "network", document.network
        yield "VLAN", f"{document.vlan} of physical network {document.physical_network}"
    elif isinstance(document, Flavor):
        yield "flavor", document.flavor
    elif isinstance(document, Server):
        yield "VM", document.id
        yield from ((f"NIC of {document.id}", str(port.nic)) for port in document.ports)
        yield from ((f"disk of {document.id}", str(volume.disk)) for volume in document.volumes)


class Earlier:
    """The plan that is there already: what people wrote into it, and what it said of vCenter."""

    def __init__(self, file: Path | None, sources: Iterable[Source] = ()) -> None:
        """Read it; only what somebody touched is looked at closely. None: there is none, or these sources.

        Raises:
            AdoptionError: it cannot be read, or has a mistake; with file and line.
        """
        self.sources: dict[str, Source] = {}
        self.networks: dict[tuple[str, int | None], Network] = {}
        for source in documents.read(file) if file else sources:
            found = _ID.search(source.text) if "\nkind: server\n" in source.text else None
            self._add(found[1] if found else self._look(source), source)

    def _add(self, key: str, source: Source) -> None:
        if key in self.sources:
            raise InputError(f"{source.file}, line {source.line}: {key} is in the plan twice")
        self.sources[key] = source

    def _look(self, source: Source) -> str:
        """The key of a document that has to be read to know it."""
        document = documents.parse(source, _DOCUMENT, tagged=True)
        if isinstance(document, Network) and source.touched:
            self.networks[document.physical_network, document.vlan] = document
        return key(document)

    def server(self, key: str) -> Server | None:
        """The server that the earlier plan has for a VM."""
        source = self.sources.get(key)
        return documents.parse(source, _DOCUMENT, tagged=True) if source else None

    def edited(self, key: str) -> Server | None:
        """The same, if somebody touched it."""
        source = self.sources.get(key)
        return self.server(key) if source and source.touched else None


def save(plan: Plan, file: Path, earlier: Earlier) -> None:
    """Write a plan whole or not at all. Comments in documents that somebody touched are kept.

    Raises:
        AdoptionError: it cannot be written.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        partial.touch(mode=0o600)
        with partial.open("w", encoding="utf-8") as stream:
            stream.writelines(render(document, earlier) for document in plan.documents)
        partial.replace(file)
    except OSError as exc:
        raise InputError(f"{file} cannot be written: {exc.strerror}") from exc


def render(document: Any, earlier: Earlier) -> str:
    """The text of one document."""
    source = earlier.sources.get(key(document)) if isinstance(document, (Network, Server)) else None
    if source and source.touched:
        return _refreshed(source, _plain(document))
    values = _plain(document)
    text = _fresh(values)
    return documents.seal(text) if values.keys() & set(_FACTS) else text


def _fresh(values: Mapping[str, Any]) -> str:
    decisions = {name: value for name, value in values.items() if name not in _FACTS}
    facts = {name: value for name, value in values.items() if name in _FACTS}
    text = "---\n" + documents.dump(decisions)
    return text + _REMARK + documents.dump(facts) if facts else text


def rewrite(document: Any, source: Source) -> str:
    """The text of a document in which somebody has changed values otherwise than in the text: it counts as
    touched from now on."""
    values = _plain(document)
    return _refreshed(source, values) if source.touched else _fresh(values)


def key(document: Any) -> str:
    """What a document is known by within the plan: of a server the id of the VM."""
    if isinstance(document, Network):
        return f"{document.physical_network}/{document.vlan}"
    if isinstance(document, Flavor):
        return f"flavor {document.flavor}"
    return document.id if isinstance(document, Server) else "plan"


def _plain(document: Any) -> dict[str, Any]:
    values = _short(document.model_dump(mode="json"))
    assert isinstance(values, dict)  # noqa: S101 - a model is one
    if isinstance(document, Server) and document.undecided:
        # Whoever reads it judges it anew.
        values["undecided"] = document.waits
    return values


def _short(value: Any) -> Any:
    """Without what is empty and needs nobody's attention."""
    if isinstance(value, list):
        return [_short(item) for item in value]
    if isinstance(value, dict):
        return {
            name: Line(_short(item)) if name == "params" else _short(item)
            for name, item in value.items()
            if name in _SHOWN
            or not (item is None or item in ("", [], {}) or (name, item) == ("leave", False))
        }
    return value


def _refreshed(source: Source, values: Mapping[str, Any]) -> str:
    """The text that somebody touched, with the new values; comments, order and quotes stay."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 110
    yaml.explicit_start = True
    yaml.representer.add_representer(Line, write_line)
    document = yaml.load(source.unsealed)
    _update(document, values)
    text = io.StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def _update(old: Any, new: Mapping[str, Any]) -> None:
    for name in [name for name in old if name not in new]:
        del old[name]
    for name, value in new.items():
        present = old.get(name)
        if isinstance(value, dict) and isinstance(present, dict):
            _update(present, value)
        elif isinstance(value, list) and isinstance(present, list):
            _update_list(present, value)
        elif present != value:
            old[name] = value


def _update_list(old: Any, new: Sequence[Any]) -> None:
    key = next((key for key in _KEYS if new and isinstance(new[0], dict) and key in new[0]), None)
    if key is None or Counter(item.get(key) for item in old).most_common(1) not in (
        [],
        [(old[0].get(key), 1)],
    ):
        if list(old) != list(new):
            old[:] = new
        return
    present = {item[key]: item for item in old}
    for item in new:
        if item[key] in present:
            _update(present[item[key]], item)
    old[:] = [present.get(item[key], item) for item in new]
