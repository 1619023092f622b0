"""Show a person what a long command is doing, what it waits for, and how long each stage took."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator

from rich.console import Console
from rich.status import Status
from rich.table import Table

#: Without a terminal, a wait is written down again only after so long.
PLAIN_INTERVAL_SECONDS = 10.0


@dataclasses.dataclass
class Progress:
    """Stages, one after the other, each with what it is waiting for. On a terminal the line is live."""

    console: Console
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)
    _status: Status | None = None
    _stage: str = ""
    _started: float = 0.0
    _told: float = 0.0

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A stage: its seconds are kept under its name and printed when it ends well."""
        self._stage = name
        self._started = self._told = time.monotonic()
        with self.console.status(name) as self._status:
            yield
        self.seconds[name] = time.monotonic() - self._started
        self.console.print(f"[green]✓[/] {name:<28} {self.seconds[name]:6.1f} s", highlight=False)

    def waiting(self, what: str) -> None:
        """Tell what the current stage waits for, and for how long it has."""
        now = time.monotonic()
        line = f"{self._stage}: waiting for {what} ({now - self._started:.0f} s)"
        if self._status and self.console.is_terminal:
            self._status.update(line)
        elif now - self._told > PLAIN_INTERVAL_SECONDS:
            self._told = now
            self.console.print(f"  {line}", highlight=False)

    def summary(self, title: str) -> None:
        """Print seconds per stage and in all."""
        table = Table("stage", "seconds", title=title, title_justify="left")
        table.columns[1].justify = "right"
        for name, seconds in self.seconds.items():
            table.add_row(name, f"{seconds:.1f}")
        table.add_section()
        table.add_row("in all", f"{sum(self.seconds.values()):.1f}")
        self.console.print(table)
