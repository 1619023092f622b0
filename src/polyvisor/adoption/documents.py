"""YAML documents of strict models, of whatever origin: read with the line of each mistake, written in a
fixed order."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from polyvisor.adoption.errors import InputError

T = TypeVar("T")

#: A server with a hundred disks takes a tenth of this.
_LONGEST: Final = 256 * 1024
_DEEPEST: Final = 16
_WIDTH: Final = 110
_SEAL: Final = re.compile(r"^# written ([0-9a-f]{12})\s*\Z", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """Knows null, true, false and decimal numbers, and takes all else for text.

    YAML 1.1, which PyYAML reads, would make a boolean of the project "no", and a number of some MAC
    addresses.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own class attribute

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is there twice: a reader sees the first, PyYAML would take the last."""
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key is there twice", node.start_mark)
        return dict(super().construct_mapping(node, deep))


for _tag, _pattern, _first in (
    ("null", "~|null|Null|NULL|", [*"~nN", ""]),
    ("bool", "true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one document, and the line of the file on which it begins."""

    file: Path
    line: int
    text: str

    @property
    def touched(self) -> bool:
        """Whether somebody changed it, if only a comment, since `seal`."""
        found = _SEAL.search(self.text)
        return found is None or found[1] != _digest(self.text[: found.start()])

    @property
    def unsealed(self) -> str:
        """The text without its seal."""
        return _SEAL.sub("", self.text)


def read(file: Path) -> Iterator[Source]:
    """Split a file into its documents, which is quick however many there are.

    Raises:
        AdoptionError: it cannot be read.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            yield from split(stream, file)
    except OSError as exc:
        raise InputError(f"{file} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InputError(f"{file} is not UTF-8 text") from exc


def split(text: Iterable[str], file: Path) -> Iterator[Source]:
    """Split the lines of a file into its documents; mistakes in them are told with its name."""
    lines: list[str] = []
    first = 1
    for number, line in enumerate(text, 1):
        if line.rstrip() == "---" or line.startswith("--- "):
            yield from _source(file, first, lines)
            lines, first = [line], number
        else:
            lines.append(line)
    yield from _source(file, first, lines)


def _source(file: Path, line: int, lines: Sequence[str]) -> Iterator[Source]:
    if any(text.strip() and not text.startswith(("#", "---")) for text in lines):
        yield Source(file, line, "".join(lines))


def parse(source: Source, kind: TypeAdapter[T], *, tagged: bool = False) -> T:
    """Make a model of a document.

    Args:
        tagged: the kind is a union that a tag decides; pydantic names it first in the path to a mistake.

    Raises:
        AdoptionError: it is not YAML, or has a value that cannot be; with file and line.
    """
    value = _load(source)
    try:
        # In JSON's terms a list may be given for a tuple; else strict models convert nothing.
        return kind.validate_json(json.dumps(value))
    except ValidationError as exc:
        raise InputError("\n".join(_mistakes(source, exc, int(tagged)))) from exc


def _load(source: Source) -> Any:
    if len(source.text) > _LONGEST:
        raise InputError(f"{source.file}, line {source.line}: a document of more than {_LONGEST} characters")
    try:
        for depth, event in _nesting(yaml.parse(source.text, Loader=yaml.CSafeLoader)):
            if depth > _DEEPEST or getattr(event, "anchor", None) is not None:
                # The one would end the process in PyYAML, the other lets a small file stand for a huge one.
                raise InputError(
                    f"{_at(source, event.start_mark.line)}: nested too deeply, or an anchor or alias"
                )
        return yaml.load(source.text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as exc:
        line = exc.problem_mark.line if exc.problem_mark else 0
        raise InputError(f"{_at(source, line)}: {exc.problem or exc.context}") from exc
    except yaml.YAMLError as exc:
        raise InputError(f"{_at(source, 0)}: {exc}") from exc


def _nesting(events: Iterable[Any]) -> Iterator[tuple[int, Any]]:
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        yield depth, event


def _mistakes(source: Source, error: ValidationError, skipped: int) -> Iterator[str]:
    root = yaml.compose(source.text, Loader=_Loader)
    for mistake in error.errors(include_url=False, include_input=False, include_context=False):
        node, names = root, []
        for step in mistake["loc"][skipped:]:
            inner = _inside(node, step)
            if inner is not None:
                node = inner
                names.append(str(step))
        missing = [str(mistake["loc"][-1])] if mistake["type"] == "missing" else []
        line = node.start_mark.line if node else 0
        yield f"{_at(source, line)}: {'.'.join([*names, *missing]) or 'document'}: {mistake['msg']}"


def _inside(node: Any, step: int | str) -> Any:
    """The node of a key or an index; None for a step that is not in the text, as the name of a kind is
    not."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    return None


def _at(source: Source, line: int) -> str:
    return f"{source.file}, line {source.line + line}"


class Line(dict[str, Any]):
    """Keys and values that are written on one line."""


def write_line(dumper: Any, line: Line) -> Any:
    """How PyYAML and ruamel.yaml represent one."""
    return dumper.represent_mapping("tag:yaml.org,2002:map", line, flow_style=True)


class _Dumper(yaml.CSafeDumper):
    pass


_Dumper.add_representer(Line, write_line)


def dump(value: Any) -> str:
    """YAML of plain values, keys in their order; what any reader could take for another type is quoted."""
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH))


def seal(text: str) -> str:
    """Add the line by which `Source.touched` tells whether somebody changed the text."""
    return f"{text}# written {_digest(text)}\n"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
