"""Whether a server of a plan can be adopted, and if not, what is missing."""

from collections.abc import Iterator, Mapping, Sequence

from polyvisor.adoption.plan import Finding, Header, Network, Server, State


def judge(server: Server, networks: Mapping[str, Network], header: Header) -> Server:
    """Give the server with its state, and everything that is still undecided about it."""
    if server.adopt is False:
        return server.model_copy(update={"state": "left out", "undecided": ()})
    missing = tuple(_missing(server, networks))
    blocked = any(
        item.severity == "blocks" for item in (*server.findings, *_around(server, networks, header))
    )
    state: State = "blocked" if blocked else "undecided" if missing else "ready"
    return server.model_copy(update={"state": state, "undecided": missing})


def _around(server: Server, networks: Mapping[str, Network], header: Header) -> Iterator[Finding]:
    yield from header.findings
    for port in server.ports:
        if port.made and port.network is not None and port.network in networks:
            yield from networks[port.network].findings


def _missing(server: Server, networks: Mapping[str, Network]) -> Iterator[str]:
    if server.adopt is None:
        yield "adopt it or not"
    for name in ("project", "flavor", "compute"):
        if getattr(server, name) is None:
            yield f"no {name}"
    yield from open_findings(server.findings, server.decisions)
    for port in server.ports:
        if port.made and port.network is not None:
            if not port.mac:
                yield f"no MAC address: NIC {port.nic}"
            if port.addresses is None:
                yield f"no addresses: NIC {port.nic} ({port.mac})"
            yield from _missing_network(port.network, networks)


def _missing_network(name: str, networks: Mapping[str, Network]) -> Iterator[str]:
    network = networks.get(name)
    if network is None:
        yield f"network {name} is not in the plan"
        return
    if network.id is None and network.project is None:
        yield f"network {name} has no project"
    if next(open_findings(network.findings, network.decisions), None):
        yield f"network {name} is undecided"


def open_findings(findings: Sequence[Finding], decisions: Mapping[str, str]) -> Iterator[str]:
    """Ids of the checks whose findings need a decision that nobody has taken."""
    needed = [item.check for item in findings if item.severity == "decision" and item.check not in decisions]
    return iter(dict.fromkeys(needed))
