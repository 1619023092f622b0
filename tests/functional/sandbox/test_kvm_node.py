"""The namespaces of the KVM host: what it may reach is carried over, and nothing outlives them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from polyvisor.sandbox import configuration, packages, probes, settings, supervision
from polyvisor.sandbox.kvm import guest, namespace, programs

if os.geteuid() != 0:
    pytest.skip("network namespaces and bridges need root", allow_module_level=True)

SHOW = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1]))).accept()[0].send(b'screen')"
CONNECT = "import socket, sys; print(socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5).recv(9))"


@pytest.fixture(scope="module", autouse=True)
def debian() -> None:
    if names := packages.missing(kvm=True):
        packages.install(names)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[settings.Settings]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        base = min(listener.getsockname()[1], 60000)
    made = settings.create(tmp_path, port_base=base, ports=settings.ports_from(base, {}), vms=0, kvm=True)
    settings.save(made)
    configuration.render(made)
    supervisor = supervision.Supervisor(made)
    supervisor.ensure_running()
    start(made, supervisor)
    yield made
    supervisor.shut_down()


def start(made: settings.Settings, supervisor: supervision.Supervisor) -> None:
    for layer in programs.layers(made):
        supervisor.start(layer)
        for program in layer:
            supervisor.wait(program, quiet)


def quiet(_waiting: str) -> None:
    pass


def outside() -> tuple[str, str, list[str]]:
    """What the machine's own namespaces have."""
    mounts = Path("/proc/self/mounts").read_text()
    names = sorted(path.name for path in Path("/sys/class/net").iterdir())
    return socket.gethostname(), mounts, names


def processes(made: settings.Settings) -> list[psutil.Process]:
    init = psutil.Process(int(namespace.pid_file(made).read_text()))
    own = pid_namespace(init)
    return [one for one in psutil.process_iter() if pid_namespace(one) == own]


def pid_namespace(process: psutil.Process) -> str:
    try:
        return str(Path(f"/proc/{process.pid}/ns/pid").readlink())
    except OSError:
        return ""


def test_a_host_of_its_own(sandbox: settings.Settings) -> None:
    """One test for all of it: a start takes seconds."""
    before = outside()
    # It has a name, an uplink, a hypervisor and a switch of its own; the machine has none of these.
    assert namespace.run(sandbox, "hostname") == "kvm1\n"
    assert "QEMU" in namespace.run(sandbox, "virsh", "--quiet", "version")
    assert "uplink0" in namespace.run(sandbox, "ovs-vsctl", "list-ports", "br-physnet1")
    assert not {"uplink0", "br-physnet1"} & set(before[2])
    assert "kvm1" not in before[0]
    assert str(sandbox.root) not in before[1]
    # It reaches OpenStack's services on their own addresses, and no others.
    assert greeting(sandbox, "keystone") == "b'keystone'"
    with pytest.raises(namespace.NodeError, match="refused"):
        greeting(sandbox, "mariadb")
    # What a guest there shows is seen from outside, on the same port.
    port = sandbox.screens[-1]
    namespace.run(sandbox, "sh", "-c", f'{sys.executable} -c "{SHOW}" {port} >/dev/null 2>&1 &')
    probes.wait(lambda: None if seen(port) == b"screen" else "the screen", 30, quiet)
    # Killed, it takes along what was started in it, also what has left its process group, and comes again.
    namespace.run(sandbox, "sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
    old = processes(sandbox)
    assert any("sleep" in one.name() for one in old)
    supervisor = supervision.Supervisor(sandbox)
    os.kill(supervisor.states()["kvm-node"]["pid"], signal.SIGKILL)
    _gone, alive = psutil.wait_procs(old, timeout=30)
    assert alive == []
    probes.wait(back_again(sandbox, old), 60, quiet)
    supervisor.shut_down()
    assert outside() == before
    assert list(supervision.strays(sandbox.root)) == []


def seen(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        return client.recv(6)


def greeting(sandbox: settings.Settings, service: str) -> str:
    """What a server on this service's port, outside, says to a client in the namespaces."""
    with socket.create_server(("127.0.0.1", sandbox.ports[service])) as server:
        server.settimeout(30)
        threading.Thread(target=greet, args=(server, service), daemon=True).start()
        return namespace.run(sandbox, sys.executable, "-c", CONNECT, str(sandbox.ports[service])).strip()


def greet(server: socket.socket, service: str) -> None:
    try:
        client, _address = server.accept()
    except OSError:  # nobody came
        return
    with client:
        client.sendall(service.encode())


def back_again(sandbox: settings.Settings, old: list[psutil.Process]) -> probes.Probe:
    def probe() -> str | None:
        if namespace.is_there(sandbox)() is not None:
            return "namespaces to be there again"
        if {one.pid for one in processes(sandbox)} & {one.pid for one in old}:
            return "new processes in them"
        return programs.layers(sandbox)[-1][0].ready()

    return probe


def test_the_guest_boots_and_asks_for_an_address(tmp_path: Path) -> None:
    made = settings.create(tmp_path, port_base=30000, ports=settings.ports_from(30000, {}), vms=0, kvm=True)
    guest.build(made)
    qemu = shutil.which("qemu-system-x86_64")
    network = "user,id=n,net=192.0.2.0/24,dhcpstart=192.0.2.77"
    command = [str(qemu), "-nographic", "-no-reboot", "-m", "128", "-accel", "tcg", "-monitor", "none"]
    command += ["-kernel", str(guest.kernel(made)), "-initrd", str(guest.ramdisk(made))]
    command += ["-append", guest.COMMAND_LINE, "-nic", f"{network},model=virtio-net-pci"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as running:
        try:
            assert running.stdout is not None
            assert any("address 192.0.2.77" in line for line in running.stdout)
        finally:
            running.kill()
