"""What a process of the platform consists of, opened once and handed to whoever works in it."""

from __future__ import annotations

from dataclasses import dataclass

from polyvisor.op.clouds.connections import Clouds
from polyvisor.op.db.engine import Database
from polyvisor.op.settings import Settings
from polyvisor.op.vault import Vault, open_vault


@dataclass(frozen=True)
class Platform:
    """Settings, database, key, clouds. Thread-safe; close it at the end of the process."""

    settings: Settings
    database: Database
    vault: Vault
    clouds: Clouds

    def close(self) -> None:
        """Let go of clouds and database."""
        self.clouds.close()
        self.database.dispose()


def open_platform(settings: Settings) -> Platform:
    """Open everything; the schema is not looked at, see ``polyvisor.op.db.migrate``. Raises VaultError."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.database_url is None:
        settings.sqlite_file.touch(mode=0o600)
    vault = open_vault(settings.key)
    database = Database(settings.database)
    return Platform(settings, database, vault, Clouds(database, vault, settings))
