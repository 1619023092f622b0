"""What people wrote into an earlier plan, kept when the plan is made anew.

A document that nobody touched is made anew altogether, so that changed rules take effect. In one that
somebody touched every value of theirs stays; only what they left empty is filled, and facts are written anew.
"""

from typing import Any

from polyvisor.adoption.plan import Network, Port, Server, Subnet, Volume


def keep_server(proposed: Server, edited: Server) -> Server:
    """The proposed server with what was decided in the edited one. NICs and disks that are gone are
    dropped."""
    ports = {port.nic: port for port in edited.ports}
    volumes = {volume.disk: volume for volume in edited.volumes}
    return proposed.model_copy(
        update={
            **_filled(edited, "adopt", "project", "flavor"),
            "server": edited.server,
            "decisions": {**proposed.decisions, **edited.decisions},
            "ports": tuple(_keep_port(port, ports.get(port.nic)) for port in proposed.ports),
            "volumes": tuple(_keep_volume(volume, volumes.get(volume.disk)) for volume in proposed.volumes),
        }
    )


def keep_network(proposed: Network, edited: Network) -> Network:
    """Likewise for a network; its name is kept by who names networks."""
    if proposed.id:
        return proposed.model_copy(update={"decisions": {**proposed.decisions, **edited.decisions}})
    present: dict[str, Subnet] = {subnet.cidr: subnet for subnet in proposed.subnets}
    subnets = tuple(present.get(subnet.cidr, subnet) if subnet.id else subnet for subnet in edited.subnets)
    return proposed.model_copy(
        update={
            **_filled(edited, "project"),
            "shared_with": edited.shared_with,
            "subnets": subnets or proposed.subnets,
            "decisions": {**proposed.decisions, **edited.decisions},
        }
    )


def _filled(edited: Any, *names: str) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(edited, name)) is not None}


def _keep_port(proposed: Port, edited: Port | None) -> Port:
    if edited is None:
        return proposed
    return proposed.model_copy(
        update={**_filled(edited, "network", "addresses"), "leave": edited.leave, "because": edited.because}
    )


def _keep_volume(proposed: Volume, edited: Volume | None) -> Volume:
    """A disk that cannot be a volume (any more) stays with the VM, whatever somebody wished."""
    if edited is None:
        return proposed
    taken = edited.take and not (proposed.because and not proposed.take)
    return proposed.model_copy(update={"take": taken, "volume": edited.volume, "type": edited.type})
