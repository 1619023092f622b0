"""Neutron's schema and ours in a MariaDB."""

import subprocess
import sys
from pathlib import Path

from tests.functional.mariadb import MariaDB


def manage(server: MariaDB, *command: str) -> str:
    """Run neutron-db-manage; give what it said."""
    config = server.folder / "neutron.conf"
    config.write_text(f"[database]\nconnection = {server.url}\n")
    program = Path(sys.executable).with_name("neutron-db-manage")
    done = subprocess.run(
        [program, "--config-file", config, *command], check=True, capture_output=True, text=True, timeout=300
    )
    return done.stdout + done.stderr
