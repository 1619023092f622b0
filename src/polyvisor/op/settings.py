"""All settings of the platform: from the environment, a TOML file, or as they are by default."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

CONFIG_VARIABLE = "POLYVISOR_OP_CONFIG"


class SettingsError(Exception):
    """Settings that cannot be: the message names each and says why."""


class OidcSettings(BaseModel):
    """The OpenID provider that people may log in with."""

    issuer: HttpUrl
    client_id: str
    client_secret: SecretStr
    #: As the button to log in says it.
    name: str = "Single sign-on"
    scopes: str = "openid profile email"


class Settings(BaseSettings):
    """Every field is set as ``POLYVISOR_OP_<FIELD>``, those of ``oidc`` as ``POLYVISOR_OP_OIDC__<FIELD>``.

    The environment goes before the TOML file that ``POLYVISOR_OP_CONFIG`` names.
    """

    model_config = SettingsConfigDict(
        env_prefix="POLYVISOR_OP_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    #: Folder of the database, the key and the first password; made with mode 0700.
    data: Path = Field(default_factory=lambda: platformdirs.user_data_path("polyvisor") / "op")
    #: SQLAlchemy's URL of a PostgreSQL (``postgresql+psycopg://…``); by default SQLite in ``data``.
    database_url: SecretStr | None = None
    #: Key that encrypts credentials of clouds; by default in ``data``. Processes on one database share it.
    key_file: Path | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8780, ge=1, le=65535)
    #: As browsers reach the platform. With https, cookies are for https only.
    public_url: HttpUrl | None = None
    session_hours: float = Field(default=12, gt=0)
    session_idle_minutes: float = Field(default=60, gt=0)
    #: Failed log-ins by one name until it is locked, and for how long.
    lock_after: int = Field(default=5, ge=1)
    lock_minutes: float = Field(default=15, gt=0)
    #: Limit of one piece of work on a cloud, unless the caller has its own.
    cloud_call_seconds: float = Field(default=20, gt=0)
    #: Failures one after the other until a cloud is left alone, and for how long.
    breaker_failures: int = Field(default=3, ge=1)
    breaker_seconds: float = Field(default=30, gt=0)
    probe_seconds: float = Field(default=60, gt=0)
    reconcile_seconds: float = Field(default=600, gt=0)
    #: An operation waits so long for a cloud that does not answer.
    operation_patience_seconds: float = Field(default=3600, gt=0)
    #: Room is kept so long for a server that is being made.
    reservation_seconds: float = Field(default=900, gt=0)
    #: How often clouds are asked which servers have changed, and how often for all of them.
    sync_seconds: float = Field(default=2, gt=0)
    resync_seconds: float = Field(default=600, gt=0)
    #: How soon a console must be opened, and for how long it may be; and how often is looked whether who has
    #: opened it still may.
    console_ticket_seconds: float = Field(default=30, gt=0)
    console_hours: float = Field(default=8, gt=0)
    console_check_seconds: float = Field(default=30, gt=0)
    oidc: OidcSettings | None = None

    @property
    def database(self) -> str:
        """SQLAlchemy's URL of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.sqlite_file}"

    @property
    def sqlite_file(self) -> Path:
        """The database, unless another one is set."""
        return self.data / "op.sqlite3"

    @property
    def key(self) -> Path:
        """The file of the key that encrypts credentials."""
        return self.key_file or self.data / "key"

    @property
    def url(self) -> str:
        """As browsers reach the platform, without a slash at the end."""
        return str(self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """Whether browsers come by https."""
        return self.url.startswith("https:")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the names are pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read arguments, then the environment, then the file."""
        file = os.environ.get(CONFIG_VARIABLE)
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)


def load(**given: object) -> Settings:
    """Settings as given, else of the environment, the file, the defaults. Raises SettingsError."""
    file = os.environ.get(CONFIG_VARIABLE)
    if file and not Path(file).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {file}, which is no file")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        # Never the value: it may be a password.
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise SettingsError("; ".join(wrong)) from None
    except ValueError as error:  # the file is no TOML
        raise SettingsError(f"{file}: {error}") from error
