"""The client of Neutron that nova-compute has."""

import copy
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeVar, cast

from nova.network.model import Subnet
from nova.objects.instance import Instance
from typing_extensions import override

from polyvisor.nova import adoption
from polyvisor.nova.network import NetworkAPI

T = TypeVar("T")
#: Seconds.
_KEPT: Final = 20.0
_MOST: Final = 1000


class ComputeNetworkAPI(NetworkAPI):
    """Gives the ports of adopted servers to `_AdoptingNetworkAPI`, those of all others to Nova."""

    def __init__(self) -> None:
        super().__init__()
        self._adopting = _AdoptingNetworkAPI()

    @override
    def allocate_for_instance(self, context: Any, instance: Instance, *args: Any, **kwargs: Any) -> Any:
        if adoption.is_adopted(instance):
            return self._adopting.allocate_for_instance(context, instance, *args, **kwargs)
        return super().allocate_for_instance(context, instance, *args, **kwargs)


class _AdoptingNetworkAPI(NetworkAPI):
    """Reads networks and subnets once for the servers that are adopted at about the same time.

    Of them, Nova writes into its record of a server's ports what `show server` says: names, MTU, gateways.
    Neutron tells nobody of their changes, so the record of a server that was adopted seconds ago may be as
    old. Nothing of it reaches the guest, unlike that of a server that is made of an image, and whether the
    ports are there, Neutron is asked for each.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept = _Kept()

    @override
    def _get_available_networks(
        self,
        context: Any,
        project_id: str,
        net_ids: Sequence[str] | None = None,
        neutron: Any = None,
        auto_allocate: bool = False,
    ) -> list[dict[str, Any]]:
        def read() -> list[dict[str, Any]]:
            found = super(_AdoptingNetworkAPI, self)._get_available_networks(
                context, project_id, net_ids, neutron, auto_allocate
            )
            return cast("list[dict[str, Any]]", found)

        if not net_ids:
            return read()
        # What a user sees of networks is a matter of user, project and roles.
        who = (context.user_id, context.project_id, *sorted(context.roles), project_id)
        return self._kept.get(("networks", who, *net_ids), read)

    @override
    def _get_subnets_from_port(self, context: Any, port: Any, client: Any = None) -> list[Subnet]:
        def read() -> list[Subnet]:
            found = super(_AdoptingNetworkAPI, self)._get_subnets_from_port(context, port, client)
            return cast("list[Subnet]", found)

        ids = sorted({fixed["subnet_id"] for fixed in port["fixed_ips"]})
        return self._kept.get(("subnets", *ids), read)


class _Kept:
    """What was read, for a few seconds. Gives copies, as Nova changes what it gets. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        with self._lock:
            end, found = self._found.get(key, (0.0, None))
        if time.monotonic() > end:
            end, found = time.monotonic() + _KEPT, read()
            with self._lock:
                if len(self._found) >= _MOST:
                    self._found.clear()
                self._found[key] = end, found
        return cast("T", copy.deepcopy(found))
