"""How apply and release are going: a bar for a terminal, and a log beside the plan for later."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from polyvisor.adoption.errors import InputError
from polyvisor.adoption.plan import Plan
from polyvisor.adoption.text import printable
from polyvisor.adoption.work import OnProgress
from polyvisor.adoption.work import Progress as Step


@contextmanager
def watching(plan: Plan, plan_path: Path, count: int, title: str) -> Iterator[OnProgress]:
    """Show progress, and write it down in PLAN.log, which only its owner can read."""
    file = plan_path.with_name(plan_path.name + ".log")
    names = {server.id: plan.place(server) for server in plan.servers}
    lock, ends = threading.Lock(), Counter[str]()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"),
    )
    try:
        file.touch(mode=0o600)
        stream = file.open("a", encoding="utf-8")
    except OSError as exc:
        raise InputError(f"the log {file} cannot be written: {exc.strerror}") from exc
    with stream, Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=count, now="")

        def on_progress(step: Step) -> None:
            about = names.get(step.about, step.about)
            said = f"{step.end}: {step.stage}" if step.end else str(step.stage)
            with lock:
                now = datetime.now().astimezone().isoformat(timespec="milliseconds")
                stream.write(f"{now} {printable(about)}: {printable(said)}\n")
                stream.flush()
                if step.end:
                    ends[step.end] += 1
            told = ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))
            current = "" if step.about in names else f"{step.about}: {step.stage}"
            bar.update(task, completed=ends.total(), now=told or printable(current, 60))

        yield on_progress
