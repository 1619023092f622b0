"""Who says what, and in which languages of the web UI."""

import ast
import functools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyvisor.adoption import texts as engine_texts
from polyvisor.op import problem
from polyvisor.op import texts as op_texts
from polyvisor.op.problem import Problem

ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "zh-CN")


@dataclass(frozen=True)
class Speaker:
    """Who says something, by a catalogue of texts.

    Attributes:
        saying: classes that a text could be given to, which nobody could translate.
    """

    texts: Mapping[str, str]
    folders: tuple[str, ...]
    saying: frozenset[str]

    def calls(self, *names: str) -> Iterator[tuple[str, ast.Call]]:
        """Each call of one of these functions or classes, and where it is."""
        for path, tree in self.trees().items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node

    def trees(self) -> dict[Path, ast.Module]:
        return {
            path: parsed(path)
            for folder in self.folders
            for path in (ROOT / "src/polyvisor" / folder).rglob("*.py")
        }


PROBLEMS = {
    name for name, found in vars(problem).items() if isinstance(found, type) and issubclass(found, Problem)
}
PLATFORM = Speaker(
    op_texts.MESSAGES,
    ("op", "cli/op"),
    frozenset({"StepError", "Wait", "Done", "Back", "ProviderFailed", "_Http", *PROBLEMS}),
)
ENGINE = Speaker(
    engine_texts.MESSAGES,
    ("adoption",),
    frozenset({"AdoptionError", "Change", "Difference", "RefusedError"}),
)


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def texts(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / f"web/src/i18n/{language}.json").read_text())
    return found


def parameters(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


def constant(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
