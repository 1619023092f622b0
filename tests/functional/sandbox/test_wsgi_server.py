"""The server that OpenStack's WSGI modules run under, in a process of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyvisor.sandbox import probes

APPLICATION = """
import sys

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].close()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

assert sys.argv == ["echo"], sys.argv
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    (tmp_path / "echo.py").write_text(APPLICATION)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "polyvisor.sandbox.wsgi_server", "echo", str(port)]
    process = subprocess.Popen(command, env=environment)
    probes.wait(probes.listens(port), 30, lambda _: None)
    yield port, process
    process.kill()
    process.wait(10)


def test_a_connection_outlives_an_application_that_closes_a_chunked_body(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server[0], timeout=10)
    for text in (b"first", b"second"):
        connection.request("PUT", "/", body=iter([text]), encode_chunked=True)
        assert connection.getresponse().read() == text
    connection.close()


def test_the_connections_of_all_threads_of_a_service_stay_open(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", server[0], timeout=10) for _ in range(50)]
    for connection in connections:
        connection.request("PUT", "/", body=b"first")
        answer = connection.getresponse()
        assert (answer.read(), answer.will_close) == (b"first", False)
    for connection in connections:
        connection.close()


def test_it_ends_when_it_is_told_to(server: tuple[int, subprocess.Popen[bytes]]) -> None:
    server[1].send_signal(signal.SIGTERM)
    assert server[1].wait(10) == 0
