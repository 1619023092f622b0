"""A real Keystone, alone, on SQLite: what has to do with identity needs no more of a cloud."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openstack

from polyvisor.sandbox import probes

SECONDS = 180


@dataclass
class Keystone:
    """A running Keystone and its administrator's password."""

    folder: Path
    port: int
    password: str = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def auth_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    @property
    def entry(self) -> dict[str, Any]:
        """As clouds.yaml has it."""
        names = {"username": "admin", "user_domain_id": "default"}
        names |= {"project_name": "admin", "project_domain_id": "default"}
        return {
            "auth_type": "v3password",
            "auth": {"auth_url": self.auth_url, "password": self.password, **names},
        }

    def connect(self, **auth: str) -> Any:
        """A client that is not the platform's, as the administrator or as somebody else."""
        loader = openstack.config.OpenStackConfig(load_yaml_config=False, load_envvars=False)
        wanted = auth | {"auth_url": self.auth_url} if auth else self.entry["auth"]
        region = loader.get_one(auth_type="v3password", auth=wanted, region_name="one")
        return openstack.connection.Connection(config=region, api_timeout=60)

    def start(self) -> None:
        environment = os.environ | {"OS_KEYSTONE_CONFIG_DIR": str(self.folder)}
        command = [sys.executable, "-m", "polyvisor.sandbox.wsgi_server", "keystone.wsgi.api", str(self.port)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        probes.wait(self._silent, SECONDS, lambda _: None)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def _silent(self) -> str | None:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError as error:
            return str(error)
        return None


@contextmanager
def run_keystone(folder: Path) -> Iterator[Keystone]:
    """Make a Keystone with an administrator and the default roles, and run it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Keystone(folder, port, secrets.token_urlsafe(16))
    _configure(folder)
    _manage(folder, "db_sync")
    user = f"--keystone-user={os.getuid()}", f"--keystone-group={os.getgid()}"
    _manage(folder, "fernet_setup", *user)
    url = f"http://127.0.0.1:{port}/v3"
    bootstrap = ["bootstrap", "--bootstrap-password", made.password, "--bootstrap-region-id", "one"]
    _manage(folder, *bootstrap, "--bootstrap-public-url", url)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _configure(folder: Path) -> None:
    (folder / "keys").mkdir(mode=0o700)
    sections = {
        "database": f"connection = sqlite:///{folder}/keystone.sqlite3",
        "fernet_tokens": f"key_repository = {folder}/keys",
        "fernet_receipts": f"key_repository = {folder}/keys",
        "credential": f"key_repository = {folder}/keys",
    }
    text = "\n".join(f"[{name}]\n{line}" for name, line in sections.items())
    (folder / "keystone.conf").write_text(text)


def _manage(folder: Path, *command: str) -> None:
    program = Path(sys.prefix) / "bin" / "keystone-manage"
    done = subprocess.run(
        [str(program), "--config-file", str(folder / "keystone.conf"), *command],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
