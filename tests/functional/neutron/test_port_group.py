"""Making and removing port groups, without Neutron's plugin around it."""

import multiprocessing
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from uuid import uuid4

import pytest

from polyvisor.neutron import port_group
from polyvisor.neutron.binding import BindingError
from polyvisor.neutron.port_group import Network, Place
from polyvisor.vsphere.faults import NotFound
from polyvisor.vsphere.session import Endpoint, Session
from tests.functional.conftest import VCenter
from tests.functional.neutron.independent import Client, client

PLACE = Place("dc1", "dvs1")
TIMEOUT = 10.0


def network(vlan_id: int, mtu: int = 1500) -> Network:
    return Network(str(uuid4()), vlan_id, mtu, "test")


@pytest.fixture
def session(running_vcenter: VCenter) -> Iterator[Session]:
    session = Session(endpoint(running_vcenter))
    yield session
    session.close()


@pytest.fixture
def seen(running_vcenter: VCenter) -> Iterator[Client]:
    with client(running_vcenter) as independent:
        yield independent


def endpoint(vcenter: VCenter) -> Endpoint:
    return Endpoint(
        host=vcenter.host,
        port=vcenter.port,
        username=vcenter.username,
        password=vcenter.password,
        ca_file=vcenter.ca_file,
    )


def test_ensuring_again_changes_nothing(session: Session) -> None:
    wanted = network(11)
    first = port_group.ensure(session, PLACE, wanted, cluster="cluster1", timeout=TIMEOUT)
    assert port_group.ensure(session, PLACE, wanted, cluster="cluster1", timeout=TIMEOUT) == first


def test_two_processes_make_one_port_group(running_vcenter: VCenter, seen: Client) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(2, mp_context=context) as pool:
        for vlan_id in range(20, 30):
            wanted, start = network(vlan_id), manager.Barrier(2)
            racers = [
                pool.submit(ensure_together, endpoint(running_vcenter), wanted, start) for _ in range(2)
            ]
            keys = {racer.result(timeout=60) for racer in racers}
            group = seen.port_group(wanted.group_name)
            assert group is not None
            assert keys == {group.key}


def ensure_together(endpoint: Endpoint, wanted: Network, start: threading.Barrier) -> str:
    """Log in, wait for the other process, and make sure of the port group; give its key."""
    session = Session(endpoint)
    assert session.content
    start.wait(timeout=30)
    try:
        _, group = port_group.ensure(session, PLACE, wanted, cluster="cluster1", timeout=TIMEOUT)
    finally:
        session.close()
    return group.key


def test_a_network_with_larger_frames_than_the_switch_is_refused(session: Session) -> None:
    with pytest.raises(BindingError, match="MTU 9001 is larger than MTU 9000 of switch 'dvs1'"):
        port_group.ensure(session, PLACE, network(12, mtu=9001), cluster="cluster1", timeout=TIMEOUT)


def test_a_host_that_is_not_on_the_switch_is_named(session: Session, seen: Client) -> None:
    with seen.host_off_the_switch("esx11"):
        with pytest.raises(BindingError, match="not on switch 'dvs1': esx11 of cluster 'cluster1'"):
            port_group.ensure(session, PLACE, network(13), cluster="cluster1", timeout=TIMEOUT)
        port_group.ensure(session, PLACE, network(14), cluster="cluster2", timeout=TIMEOUT)


@pytest.mark.parametrize(
    ("place", "cluster", "named"),
    [
        (Place("dc9", "dvs1"), "cluster1", "no datacenter named 'dc9'"),
        (Place("dc1", "dvs9"), "cluster1", "no distributed switch of datacenter 'dc1' named 'dvs9'"),
        (Place("dc1", "dvs1"), "cluster9", "no cluster named 'cluster9'"),
    ],
)
def test_a_wrong_name_in_the_options_is_named(
    session: Session, place: Place, cluster: str, named: str
) -> None:
    with pytest.raises(NotFound, match=named):
        port_group.ensure(session, place, network(15), cluster=cluster, timeout=TIMEOUT)
