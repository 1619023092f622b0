"""What a Neutron process does with the drivers, as functions to run in processes of their own."""

import functools
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from neutron.common import config as neutron_config
from neutron.db import models_v2
from neutron.db.models import segment as segment_models
from neutron.pecan_wsgi import startup
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib import context as neutron_context
from neutron_lib.db import api as db_api
from neutron_lib.plugins import directory
from oslo_config import cfg

from polyvisor.neutron import conf
from polyvisor.neutron.connection import connect
from polyvisor.neutron.db import models
from polyvisor.neutron.db import port_group as table
from polyvisor.neutron.db.lease import Lease
from polyvisor.neutron.distributed_switch import DistributedSwitches
from polyvisor.neutron.inventory import Group, Spot
from polyvisor.neutron.port_group import Network, PortGroups
from polyvisor.neutron.reconcile import reconcilers
from polyvisor.neutron.standard_switch import StandardSwitches
from polyvisor.neutron.switch_type import SwitchType
from polyvisor.neutron.worker import ReconcileWorker

TYPES: dict[str, type[DistributedSwitches] | type[StandardSwitches]] = {
    "dvs": DistributedSwitches,
    "vss": StandardSwitches,
}
_DRIVERS = {"dvs": "polyvisor_dvs", "vss": "polyvisor_vss"}


@functools.cache
def configure(config: Path) -> conf.Settings:
    """Read the options, once in a process."""
    cfg.CONF([], default_config_files=[str(config)])
    return conf.load(cfg.CONF)


def start_plugin(config: Path) -> Any:
    """Load Neutron's ML2 plugin with the drivers that the options name, as an API process does."""
    neutron_config.register_common_config_options()
    neutron_config.init(["--config-file", str(config)])
    startup.initialize_all()
    return directory.get_plugin()


def bind(config: Path, host: str, network: Network, start: threading.Barrier | None = None) -> dict[str, Any]:
    """Make sure of the port groups, together with whoever else waits at the barrier."""
    settings = configure(config)
    return _bind(TYPES[settings.computes[host].switch_type](settings), host, network, start)


def bind_and_die(config: Path, host: str, network: Network) -> None:
    """As `bind`, but be killed when vCenter has made the first port group and the table does not know it."""
    settings = configure(config)

    class Dying(TYPES[settings.computes[host].switch_type]):  # type: ignore[misc]  # chosen above
        def create(self, session: Any, spot: Spot, wanted: table.Wanted) -> Group:
            super().create(session, spot, wanted)
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

    _bind(Dying(settings), host, network, None)


def reconcile_and_die(config: Path, switch_type: str) -> None:
    """As `reconcile`, but be killed when vCenter has removed a port group and the table still has it."""
    switches = TYPES[switch_type](configure(config))
    remove = switches.remove

    def remove_and_die(session: Any, group: Group) -> None:
        remove(session, group)
        os.kill(os.getpid(), signal.SIGKILL)

    switches.remove = remove_and_die  # type: ignore[method-assign]  # of this instance only
    [reconciler] = reconcilers(switches, connect, _DRIVERS[switch_type])
    reconciler.run()
    reconciler.run()


def bind_while_deleted(config: Path, host: str, network: Network) -> None:
    """As `bind`, but the network is deleted while vCenter makes its port groups."""
    settings = configure(config)

    class Deleting(TYPES[settings.computes[host].switch_type]):  # type: ignore[misc]  # chosen above
        def create(self, session: Any, spot: Spot, wanted: table.Wanted) -> Group:
            made: Group = super().create(session, spot, wanted)
            delete_network(config, wanted.network_id)
            return made

    _bind(Deleting(settings), host, network, None)


def _bind(
    switches: SwitchType, host: str, network: Network, start: threading.Barrier | None
) -> dict[str, Any]:
    connections = {name: connect(vcenter) for name, vcenter in switches.settings.vcenters.items()}
    if start:
        # Logged in before, so that they meet where it matters.
        for connection in connections.values():
            connection.run(lambda session: session.content, deadline=30)
        start.wait(timeout=60)
    return PortGroups(switches, connections).ensure(switches.settings.computes[host], network)


def reconcile(config: Path, switch_type: str, times: int = 2) -> None:
    """Compare so often, and give the lease back."""
    switches = TYPES[switch_type](configure(config))
    for reconciler in reconcilers(switches, connect, _DRIVERS[switch_type]):
        for _ in range(times):
            reconciler.run()
        reconciler.release()


def take_over(config: Path, switch_type: str) -> None:
    """Compare in the place of a worker that was killed, whose lease has run out."""
    configure(config)
    context = neutron_context.get_admin_context()
    with db_api.CONTEXT_WRITER.using(context):
        context.session.query(models.Lease).filter_by(switch_type=switch_type).delete()
    reconcile(config, switch_type)


def work_until_gone(config: Path, switch_type: str, network_id: str) -> bool:
    """Let Neutron's worker run until the network has no rows; tell whether its threads ended when told."""
    switches = TYPES[switch_type](configure(config))
    make = functools.partial(reconcilers, switches, connect, _DRIVERS[switch_type])
    worker = ReconcileWorker(make, poll=0.1, name="test")
    context = neutron_context.get_admin_context()
    worker.start()
    deadline = time.monotonic() + 60
    while table.list_of_network(context, network_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.stop()
    worker.wait()
    return not any(thread.is_alive() for thread in worker._threads)


def rows(config: Path, network_id: str) -> list[table.Row]:
    """The network's rows."""
    configure(config)
    return table.list_of_network(neutron_context.get_admin_context(), network_id)


def add_network(config: Path, vlan_id: int, *bound_on: str) -> Network:
    """A network as Neutron writes it down, with a port that is bound on each of these hosts."""
    settings = configure(config)
    context = neutron_context.get_admin_context()
    network_id, segment_id = str(uuid4()), str(uuid4())
    with db_api.CONTEXT_WRITER.using(context):
        context.session.add(models_v2.Network(id=network_id, name="", status="ACTIVE", admin_state_up=True))
        context.session.flush()
        segment = segment_models.NetworkSegment(
            id=segment_id,
            network_id=network_id,
            network_type="vlan",
            physical_network="physnet1",
            segmentation_id=vlan_id,
        )
        context.session.add(segment)
        context.session.flush()
        for host in bound_on:
            driver = _DRIVERS[settings.computes[host].switch_type]
            _add_port(context, network_id, {"host": host, "driver": driver, "segment_id": segment_id})
    return Network(network_id, "physnet1", vlan_id, 1500)


def _add_port(context: Any, network_id: str, level: dict[str, str]) -> None:
    port_id = str(uuid4())
    mac_address = "fa:16:3e:" + ":".join(port_id[n : n + 2] for n in (0, 2, 4))
    port = {"name": "", "status": "DOWN", "admin_state_up": True, "device_id": "", "device_owner": ""}
    context.session.add(models_v2.Port(id=port_id, network_id=network_id, mac_address=mac_address, **port))
    context.session.flush()
    context.session.add(ml2_models.PortBindingLevel(port_id=port_id, level=0, **level))


def delete_network(config: Path, network_id: str) -> None:
    """Delete it with its ports, as the driver sees that."""
    configure(config)
    context = neutron_context.get_admin_context()
    with db_api.CONTEXT_WRITER.using(context):
        table.mark_network_deleted(context, network_id)
        context.session.query(models_v2.Port).filter_by(network_id=network_id).delete()
        context.session.query(models_v2.Network).filter_by(id=network_id).delete()


class Clock:
    """A monotonic clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def share_a_lease(config: Path) -> list[str]:
    """Two workers and one lease; what each was told, step by step."""
    configure(config)
    context, clock, slow = neutron_context.get_admin_context(), Clock(), Clock()
    first = Lease("vc9", "dvs", seconds=60, clock=clock)
    second = Lease("vc9", "dvs", seconds=60, clock=slow)
    told = [f"first {first.hold(context)}", f"second {second.hold(context)}"]
    clock.now, slow.now = 40, 40
    told.append(f"first trusts {first.trusted()}")
    told += [f"first {first.hold(context)}", f"second {second.hold(context)}"]
    slow.now = 90
    told.append(f"second {second.hold(context)}")
    slow.now = 101
    told += [f"second {second.hold(context)}", f"first trusts {first.trusted()}"]
    clock.now = 101
    told += [f"first trusts {first.trusted()}", f"first {first.hold(context)}"]
    second.release(context)
    told.append(f"first {first.hold(context)}")
    return told
