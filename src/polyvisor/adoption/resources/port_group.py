"""Port groups that vCenter has, named for networks: Neutron's drivers use them and never change them."""

from polyvisor.adoption.clouds import RefusedError, ask, ask_gone, listing
from polyvisor.adoption.journal import SHARED, Thing
from polyvisor.adoption.plan import Network
from polyvisor.adoption.resources import network as networks
from polyvisor.adoption.resources.shared import Found, ensure
from polyvisor.adoption.work import Work

KIND = "port-group-mapping"
_PATH, _KEY = "/vmware-port-group-mappings", "vmware_port_group_mappings"


def make(work: Work, network: Network, there: Thing, compute: str, group: str) -> Thing | None:
    """Name a port group for a network where a compute service builds its servers.

    Returns:
        None: the network has a port group there already, of Neutron's own making; NICs of the same VLAN stay
        on theirs.

    Raises:
        RefusedError: it is not on the network's VLAN, or OpenStack said no.
    """
    key = f"{networks.key(network)} {compute}"

    def find() -> Found | None:
        query = {"network_id": there.id, "compute_host": compute}
        found = next(listing(work.clouds.admin.network, _PATH, _KEY, query), None)
        return (found["id"], work.journal.thing(SHARED, KIND, key) is not None) if found else None

    def create() -> str:
        body = {"network_id": there.id, "compute_host": compute, "port_group": group}
        made = ask(work.clouds.admin.network, "POST", _PATH, {_KEY.removesuffix("s"): body})
        return str(made[_KEY.removesuffix("s")]["id"])

    thing = Thing(SHARED, KIND, key)
    try:
        return ensure(work, thing, find, create)
    except RefusedError as exc:
        if exc.status == 409:
            return None
        raise


def remove(work: Work, thing: Thing) -> None:
    """Name it no longer.

    Raises:
        RefusedError: ports are bound by it (409), or OpenStack said no.
    """
    ask_gone(work.clouds.admin.network, "DELETE", f"{_PATH}/{thing.id}")
