"""Lists in which each item may stand below another."""

from collections.abc import Iterator, Sequence
from typing import Any

from cliff.columns import FormattableColumn

Item = dict[str, Any]


class BranchColumn(FormattableColumn[str]):
    """A name with the branch that it hangs on; machines see the name only."""

    def __init__(self, name: str, branch: str) -> None:
        super().__init__(name)
        self._branch = branch

    def human_readable(self) -> str:
        """Return the branch and the name."""
        return self._branch + self._value

    def machine_readable(self) -> str:
        """Return the name."""
        return self._value


def branches(items: Sequence[Item]) -> Iterator[str]:
    """Give for each item what is drawn before its name.

    `items` have `id` and `parent` (an id or None), and each comes before its children.
    """
    last = {item["parent"]: item["id"] for item in items}
    prefix: dict[str, str] = {}
    for item in items:
        parent = item["parent"]
        if parent is None:
            prefix[item["id"]] = ""
            yield ""
            continue
        is_last = last[parent] == item["id"]
        yield prefix[parent] + ("└─ " if is_last else "├─ ")
        prefix[item["id"]] = prefix[parent] + ("   " if is_last else "│  ")
