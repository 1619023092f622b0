"""Values that read well in a table and stay exact in JSON, YAML and CSV."""

from typing import Any

from cliff.columns import FormattableColumn
from osc_lib.cli.format_columns import ListColumn

_GIB = 2**30


class BytesColumn(FormattableColumn[int | None]):
    """A number of bytes; people see GiB, as in vSphere Client."""

    def human_readable(self) -> str:
        """Return GiB with one decimal, or nothing if vCenter does not tell."""
        return "" if self._value is None else f"{self._value / _GIB:,.1f} GiB"


def names(items: list[dict[str, Any]]) -> ListColumn:
    """Return the names of the items, sorted."""
    return ListColumn(sorted(item["name"] for item in items))
