"""What the ML2 drivers cost: ``python -m benchmarks.neutron``.

Runs a vCenter simulator and a MariaDB of its own. Prints each figure beside its target; judges nothing,
because a busy machine is not a defect.
"""

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from neutron_lib import context as neutron_context
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins import utils
from oslo_utils import timeutils

from benchmarks.inventory import report, simulator
from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.conf import Compute
from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.port_group import Network, PortGroups
from polyvisor.neutron.reconcile import reconcilers
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.vsphere.faults import VSphereError
from tests.functional.conftest import VCenter
from tests.functional.mariadb import run_mariadb
from tests.functional.neutron import database, process
from tests.functional.neutron.ml2 import open_vswitch_agent, write_config

STANDARD = {"compute1": "cluster1/vss", "compute2": "cluster2/vss"}
DISTRIBUTED = {"compute3": "cluster1", "compute4": "cluster2"}
MIXED = {"compute1": "cluster1/vss", "compute4": "cluster2"}
EXISTING_SECONDS = 0.3
MAKING_SECONDS = 1.0
RECONCILE_SECONDS = 20.0
OPEN_BREAKER_SECONDS = 0.05
NETWORKS = 200
ML2 = {
    "DEFAULT": {"core_plugin": "ml2", "transport_url": "fake:/"},
    "ml2": {"type_drivers": "vlan", "mechanism_drivers": "polyvisor_vss,polyvisor_dvs,openvswitch"},
    "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:199"},
}
VMS = 100
ROUNDS = 10


def main() -> None:
    """Measure standard switches, then the distributed one, then KVM beside them."""
    for computes in (STANDARD, DISTRIBUTED):
        # A process for each, as a process of Neutron has one database.
        with (
            tempfile.TemporaryDirectory() as folder,
            cloud(Path(folder), computes) as (config, vcenter),
            ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        ):
            pool.submit(measure, config, list(computes), vcenter.process.pid).result()
    with (
        tempfile.TemporaryDirectory() as folder,
        cloud(Path(folder), MIXED, ML2) as (config, vcenter),
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):
        pool.submit(measure_kvm, config, vcenter.process.pid).result()


@contextmanager
def cloud(
    folder: Path, computes: dict[str, str], more: dict[str, dict[str, Any]] | None = None
) -> Iterator[tuple[Path, VCenter]]:
    """A vCenter, a database, and options that name them."""
    with simulator(folder, VMS) as vcenter, run_mariadb(folder / "mariadb", "neutron") as server:
        database.manage(server, "upgrade", "heads")
        config = write_config(folder / "neutron-password", vcenter, computes, {}, {}, more=more)
        with config.open("a") as file:
            file.write(f"[database]\nconnection = {server.url}\n")
        yield config, vcenter


def measure(config: Path, hosts: list[str], vcenter_pid: int) -> None:
    """Print the figures of one type of switch."""
    settings = process.configure(config)
    name = settings.computes[hosts[0]].switch_type
    switches = process.TYPES[name](settings)
    groups = PortGroups(switches, {"vc1": connect(settings.vcenters["vc1"])})
    measure_binding(config, groups, settings.computes[hosts[0]], name)
    measure_reconciling(config, switches, hosts, name)
    os.kill(vcenter_pid, signal.SIGSTOP)
    network = process.add_network(config, 3999)
    dead = [seconds(lambda: refused(groups, settings.computes[hosts[0]], network)) for _ in range(ROUNDS + 1)]
    report(f"{name}: bind, vCenter hung, first", dead[:1])
    report(f"{name}: bind, vCenter hung, breaker open", dead[1:], OPEN_BREAKER_SECONDS)
    os.kill(vcenter_pid, signal.SIGCONT)


def measure_kvm(config: Path, vcenter_pid: int) -> None:
    """Print what a port of a KVM host costs in Neutron, while vCenter answers and while it hangs."""
    plugin = process.start_plugin(config)
    context = neutron_context.get_admin_context()
    plugin.create_or_update_agent(context, open_vswitch_agent("kvm1"), timeutils.utcnow())
    network = utils.create_network(plugin, context, {"network": {"name": "kvm", "project_id": "bench"}})

    def bind(host: str) -> str:
        attributes = {"network_id": network["id"], "project_id": "bench", "fixed_ips": []}
        port = {**attributes, portbindings.HOST_ID: host, "device_owner": "compute:nova"}
        return str(utils.create_port(plugin, context, {"port": port})[portbindings.VIF_TYPE])

    assert bind("kvm1") == "ovs"
    alive = [seconds(partial(bind, "kvm1")) for _ in range(ROUNDS)]
    report("KVM: port made and bound, vCenter answers", alive)
    os.kill(vcenter_pid, signal.SIGSTOP)
    assert bind("compute1") == portbindings.VIF_TYPE_BINDING_FAILED
    hung = [seconds(partial(bind, "kvm1")) for _ in range(ROUNDS)]
    report("KVM: port made and bound, vCenter hung", hung)
    os.kill(vcenter_pid, signal.SIGCONT)


def measure_binding(config: Path, groups: PortGroups, compute: Compute, name: str) -> None:
    """The part of a bind that is ours."""
    made = []
    for vlan_id in range(1000, 1000 + ROUNDS):
        network = process.add_network(config, vlan_id)
        made.append(seconds(partial(groups.ensure, compute, network)))
    report(f"{name}: bind, login, and make", made[:1])
    report(f"{name}: bind, made on 4 hosts", made[1:], MAKING_SECONDS)
    again = [seconds(lambda: groups.ensure(compute, network)) for _ in range(ROUNDS)]
    report(f"{name}: bind, there already", again, EXISTING_SECONDS)


def measure_reconciling(config: Path, switches: SwitchType, hosts: list[str], name: str) -> None:
    """Make, look over, and remove the port groups of many networks on all hosts."""
    for vlan_id in range(2000, 2000 + NETWORKS):
        process.add_network(config, vlan_id, *hosts)
    [reconciler] = reconcilers(switches, connect, f"polyvisor_{name}")
    report(
        f"{name}: reconcile {NETWORKS} networks x 8 hosts, all to make",
        [seconds(reconciler.run)],
        RECONCILE_SECONDS,
    )
    context = neutron_context.get_admin_context()
    rows = table.list_all(context, "vc1", name)
    assert all(row.state == table.ACTIVE for row in rows)
    again = [seconds(reconciler.run) for _ in range(3)]
    report(f"{name}: reconcile {len(rows)} port groups, nothing to do", again, RECONCILE_SECONDS)
    reconciler.release()


def refused(groups: PortGroups, compute: Compute, network: Network) -> None:
    """Fail to bind."""
    try:
        groups.ensure(compute, network)
    except (VSphereError, BindingError):
        return
    raise AssertionError("a dead vCenter was not noticed")


def seconds(work: Callable[[], object]) -> float:
    """How long that takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


if __name__ == "__main__":
    main()
