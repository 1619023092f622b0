"""Something outside that operations change, and that keeps count: a file of SQLite of the tests' own.

It stands for a cloud where the engine is tested, not the actions: what is done twice is there twice.
"""

import sqlite3
from contextlib import closing
from pathlib import Path


class World:
    """Things that were made, each for an operation."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with closing(self._open()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS thing (operation TEXT, step TEXT)")
            connection.commit()

    def find(self, operation: str, step: str) -> int:
        with closing(self._open()) as connection:
            found = connection.execute(
                "SELECT count(*) FROM thing WHERE operation = ? AND step = ?", (operation, step)
            )
            count: int = found.fetchone()[0]
        return count

    def make(self, operation: str, step: str) -> None:
        with closing(self._open()) as connection:
            connection.execute("INSERT INTO thing VALUES (?, ?)", (operation, step))
            connection.commit()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=30)
