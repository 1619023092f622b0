"""Processes that race, and processes that die, on a real MariaDB and a running vCenter simulator."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.db import port_group as table
from tests.functional.conftest import VCenter
from tests.functional.mariadb import MariaDB, run_mariadb
from tests.functional.neutron import database, process
from tests.functional.neutron.independent import Client, client
from tests.functional.neutron.ml2 import write_config

COMPUTES = {"compute1": "cluster1/vss", "compute2": "cluster2"}
HOSTS = ["esx11", "esx12", "esx13", "esx14"]


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    with run_mariadb(tmp_path_factory.mktemp("mariadb"), "neutron") as server:
        database.manage(server, "upgrade", "heads")
        yield server


@pytest.fixture(scope="module")
def config(mariadb: MariaDB, running_vcenter: VCenter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neutron")
    path = write_config(folder / "password", running_vcenter, COMPUTES, {}, {})
    with path.open("a") as file:
        file.write(f"[database]\nconnection = {mariadb.url}\n")
    return path


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as running:
        yield running


Run = Callable[..., Any]


@pytest.fixture
def run(pool: ProcessPoolExecutor, config: Path) -> Run:
    """Give a function that runs another, with the options, in a process of its own."""
    return lambda work, *args: pool.submit(work, config, *args).result(timeout=120)


@pytest.fixture
def seen(running_vcenter: VCenter) -> Iterator[Client]:
    with client(running_vcenter) as independent:
        yield independent


def die(work: Callable[..., None], *args: Any) -> None:
    """Run what kills its own process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as doomed, pytest.raises(BrokenProcessPool):
        doomed.submit(work, *args).result(timeout=120)


def names(seen: Client, host: str, network_id: str) -> list[str]:
    """Where the port groups are that the network has for a compute host."""
    if COMPUTES[host].endswith("/vss"):
        return sorted(seen.standard_port_groups(network_id))
    return ["dc1"] if seen.port_group(f"os-{network_id}") else []


EVERYWHERE = {"compute1": HOSTS, "compute2": ["dc1"]}
SWITCH_TYPE = {"compute1": "vss", "compute2": "dvs"}


@pytest.mark.parametrize("host", COMPUTES)
def test_two_processes_bind_the_first_port_of_a_network_at_once(
    pool: ProcessPoolExecutor, config: Path, run: Run, seen: Client, host: str
) -> None:
    with multiprocessing.get_context("spawn").Manager() as manager:
        for vlan_id in range(300, 306):
            network, start = run(process.add_network, vlan_id), manager.Barrier(2)
            racers = [pool.submit(process.bind, config, host, network, start) for _ in range(2)]
            first, second = (racer.result(timeout=120) for racer in racers)
            assert first == second
            assert names(seen, host, network.id) == EVERYWHERE[host]
            kept = run(process.rows, network.id)
            assert len(kept) == len(EVERYWHERE[host])
            assert {(row.state, row.owned) for row in kept} == {(table.ACTIVE, True)}
            run(process.delete_network, network.id)
        run(process.reconcile, SWITCH_TYPE[host])


@pytest.mark.parametrize("host", COMPUTES)
def test_what_a_killed_process_made_is_finished_while_the_network_needs_it(
    config: Path, run: Run, seen: Client, host: str
) -> None:
    network = run(process.add_network, 310, host)
    die(process.bind_and_die, config, host, network)
    assert names(seen, host, network.id)
    assert table.PENDING in {row.state for row in run(process.rows, network.id)}
    run(process.reconcile, SWITCH_TYPE[host])
    assert names(seen, host, network.id) == EVERYWHERE[host]
    assert {(row.state, row.owned) for row in run(process.rows, network.id)} == {(table.ACTIVE, True)}
    run(process.delete_network, network.id)
    run(process.reconcile, SWITCH_TYPE[host])
    assert names(seen, host, network.id) == []


@pytest.mark.parametrize("host", COMPUTES)
def test_what_a_killed_process_made_for_nobody_is_removed(
    config: Path, run: Run, seen: Client, host: str
) -> None:
    network = run(process.add_network, 311)
    die(process.bind_and_die, config, host, network)
    assert names(seen, host, network.id)
    run(process.delete_network, network.id)
    run(process.reconcile, SWITCH_TYPE[host])
    assert names(seen, host, network.id) == []
    assert run(process.rows, network.id) == []


def test_what_a_killed_worker_removed_is_forgotten_by_the_next(config: Path, run: Run, seen: Client) -> None:
    network = run(process.add_network, 315)
    run(process.bind, "compute2", network)
    run(process.delete_network, network.id)
    die(process.reconcile_and_die, config, "dvs")
    assert names(seen, "compute2", network.id) == []
    assert [row.state for row in run(process.rows, network.id)] == [table.DELETING]
    run(process.take_over, "dvs")
    assert run(process.rows, network.id) == []


@pytest.mark.parametrize("host", COMPUTES)
def test_a_network_deleted_during_a_bind_leaves_nothing(run: Run, seen: Client, host: str) -> None:
    network = run(process.add_network, 312)
    with pytest.raises(BindingError, match="network was deleted while the port was being bound"):
        run(process.bind_while_deleted, host, network)
    run(process.reconcile, SWITCH_TYPE[host])
    assert names(seen, host, network.id) == []
    assert run(process.rows, network.id) == []


def test_the_worker_does_it_by_itself_and_ends_when_told(run: Run, seen: Client) -> None:
    network = run(process.add_network, 314)
    run(process.bind, "compute2", network)
    run(process.delete_network, network.id)
    assert run(process.work_until_gone, "dvs", network.id)
    assert names(seen, "compute2", network.id) == []
    assert run(process.rows, network.id) == []


def test_a_restarted_database_costs_a_retry_at_most(mariadb: MariaDB, run: Run, seen: Client) -> None:
    network = run(process.add_network, 313, "compute2")
    run(process.bind, "compute2", network)
    mariadb.stop()
    mariadb.start()
    run(process.bind, "compute2", network)
    run(process.reconcile, "dvs")
    assert names(seen, "compute2", network.id) == ["dc1"]


def test_a_lease_has_one_holder_and_goes_on_when_that_is_silent(run: Run) -> None:
    assert run(process.share_a_lease) == [
        *("first True", "second False"),
        *("first trusts False", "first True", "second False"),
        "second False",
        # 60 s after it saw the last sign of life, by its own clock.
        *("second True", "first trusts True"),
        *("first trusts False", "first False"),
        "first True",
    ]
