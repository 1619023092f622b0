"""The real parts that functional tests run against."""

import os
import queue
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import IO, Protocol

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SIMULATOR = Path(__file__).parents[2] / "simulators" / "vcenter"
START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class VCenter:
    """A running simulator: where it is, who may log in, whom to trust."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_file: str
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def stop(self) -> None:
        """Stop as an operator would, and wait until it has."""
        self.process.terminate()
        self.process.wait(timeout=30)


class StartVCenter(Protocol):
    """Start a simulator with these further flags; it is stopped when the fixture's scope ends."""

    def __call__(self, *flags: str) -> VCenter: ...


@pytest.fixture(scope="session")
def vcenter_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the simulator; Go's cache makes this quick from the second time on."""
    binary = tmp_path_factory.mktemp("bin") / "vcenter-simulator"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=SIMULATOR, check=True)
    return binary


@pytest.fixture(scope="session")
def vcenter_wsdl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the WSDL that the simulator serves."""
    wsdl = tmp_path_factory.mktemp("wsdl") / "vimService.wsdl"
    subprocess.run([sys.executable, SIMULATOR / "wsdl.py", wsdl], check=True)
    return wsdl


@pytest.fixture(scope="session")
def vcenter_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1, which is its own CA, and its key."""
    return _make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def vcenter(
    vcenter_binary: Path,
    vcenter_wsdl: Path,
    vcenter_certificate: tuple[Path, Path],
    tmp_path: Path,
) -> Iterator[StartVCenter]:
    """Give a function that starts simulators for this test."""
    with ExitStack() as stack:

        def start(*flags: str) -> VCenter:
            running = run_vcenter(vcenter_binary, vcenter_wsdl, vcenter_certificate, tmp_path, *flags)
            return stack.enter_context(running)

        yield start


@pytest.fixture(scope="module")
def module_vcenter(
    vcenter_binary: Path,
    vcenter_wsdl: Path,
    vcenter_certificate: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartVCenter]:
    """Give a function that starts simulators which all tests of a module share."""
    with ExitStack() as stack:

        def start(*flags: str) -> VCenter:
            directory = tmp_path_factory.mktemp("vcenter")
            running = run_vcenter(vcenter_binary, vcenter_wsdl, vcenter_certificate, directory, *flags)
            return stack.enter_context(running)

        yield start


@contextmanager
def run_vcenter(
    binary: Path, wsdl: Path, certificate: tuple[Path, Path], directory: Path, *flags: str
) -> Iterator[VCenter]:
    """Run a simulator on a free port and stop it by its process afterwards.

    Raises AssertionError with the simulator's last words if it does not come up.
    """
    cert_file, key_file = certificate
    password = secrets.token_urlsafe(12)
    password_file = directory / "password"
    password_file.write_text(password)
    command = [
        *(str(binary), "-listen", "127.0.0.1:0", "-tls-cert", str(cert_file), "-tls-key", str(key_file)),
        *("-wsdl", str(wsdl), "-username", "tester@vsphere.local", "-password-file", str(password_file)),
    ]
    process = subprocess.Popen(
        [*command, *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ
    )
    try:
        port = _wait_for_port(process)
        yield VCenter("127.0.0.1", port, "tester@vsphere.local", password, str(cert_file), process)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_port(process: subprocess.Popen[str]) -> int:
    """Wait for the line that names the port; keep reading after it, or a full pipe would stop the process."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    assert process.stdout is not None
    threading.Thread(target=_drain, args=(process.stdout, lines), daemon=True).start()
    said: list[str] = []
    while (line := lines.get(timeout=START_SECONDS)) is not None:
        said.append(line)
        if found := re.match(r"serving https://127\.0\.0\.1:(\d+)/", line):
            return int(found[1])
    raise AssertionError("the vCenter simulator ended: " + "".join(said[-20:]))


def _drain(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _make_certificate(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "vcenter-simulator")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / "cert.pem", directory / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file
