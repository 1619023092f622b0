"""Whether a server of a plan can be adopted, and if not, what is missing."""

from collections.abc import Iterator, Mapping, Sequence

from polyvisor.adoption.message import say
from polyvisor.adoption.plan import Finding, Header, Network, Server, State
from polyvisor.adoption.said import Said
from polyvisor.message import Message


def judge(server: Server, networks: Mapping[str, Network], header: Header) -> Server:
    """Give the server with its state, and everything that is still undecided about it."""
    if server.adopt is False:
        return server.model_copy(update={"state": "left out", "undecided": ()})
    missing = tuple(Said.of(one) for one in _missing(server, networks))
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


def _missing(server: Server, networks: Mapping[str, Network]) -> Iterator[Message]:
    if server.adopt is None:
        yield say("wants_adopt")
    for code in ("wants_project", "wants_flavor", "wants_compute"):
        if getattr(server, code.removeprefix("wants_")) is None:
            yield say(code)
    for check in open_findings(server.findings, server.decisions):
        yield say("wants_decision", check=check)
    for port in server.ports:
        if port.made and port.network is not None:
            if not port.mac:
                yield say("of_nic", reason=say("wants_mac"), nic=port.nic)
            if port.addresses is None:
                yield say("of_nic", reason=say("wants_addresses"), nic=f"{port.nic} ({port.mac})")
            yield from _missing_network(port.network, networks)


def _missing_network(name: str, networks: Mapping[str, Network]) -> Iterator[Message]:
    network = networks.get(name)
    if network is None:
        yield say("network_unplanned", network=name)
        return
    if network.id is None and network.project is None:
        yield say("network_unowned", network=name)
    if next(open_findings(network.findings, network.decisions), None):
        yield say("network_undecided", network=name)


def open_findings(findings: Sequence[Finding], decisions: Mapping[str, str]) -> Iterator[str]:
    """Ids of the checks whose findings need a decision that nobody has taken."""
    needed = [item.check for item in findings if item.severity == "decision" and item.check not in decisions]
    return iter(dict.fromkeys(needed))
