import socket
import ssl
import threading
from pathlib import Path

import pytest

from polyvisor.sandbox import certificates


def serve_once(context: ssl.SSLContext) -> int:
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection, _ = listener.accept()
        with connection, listener:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except ssl.SSLError:
                return

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def test_a_client_that_knows_the_authority_trusts_the_certificate_and_others_do_not(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "vcenter.pem", tmp_path / "vcenter.key")
    trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    with socket.create_connection(("127.0.0.1", serve_once(server))) as raw:
        trusting.wrap_socket(raw, server_hostname="127.0.0.1").close()
    with (
        socket.create_connection(("127.0.0.1", serve_once(server))) as raw,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(raw, server_hostname="127.0.0.1")


def test_certificates_are_made_once_and_the_key_is_private(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    first = (tmp_path / "vcenter.pem").read_bytes()
    certificates.ensure(tmp_path)
    assert (tmp_path / "vcenter.pem").read_bytes() == first
    assert (tmp_path / "vcenter.key").stat().st_mode & 0o077 == 0
