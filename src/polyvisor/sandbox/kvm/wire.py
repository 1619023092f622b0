"""The wire between the KVM host and the ESXi hosts, which has real frames on it.

The simulated ESXi hosts run no guests. Who stands in for one is plugged, with the guest's MAC address, into
the physical switch, as an access port of the VLAN that the guest's port group has.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import signal
import subprocess
from collections.abc import Iterator

import psutil

from polyvisor.sandbox.kvm import guest, namespace
from polyvisor.sandbox.settings import Settings

#: The switch's end of the cable to the KVM host: whatever goes between the hosts can be captured on it.
UPLINK = "fabric0"
SWITCH = "fabric"
DHCP_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class StandIn:
    """A network namespace in place of a guest on ESXi."""

    settings: Settings
    name: str

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of the tiny guest's programs. Raises namespace.NodeError."""
        environment = ("env", f"PATH={guest.programs(self.settings)}", f"ADDRESS_FILE=/run/{self.name}")
        enter = ("ip", "netns", "exec", self.name)
        return namespace.run(self.settings, *enter, *environment, *command, check=check)

    def lease(self) -> str:
        """Take an address by DHCP, with its routes, and return it. Raises namespace.NodeError."""
        script = str(guest.programs(self.settings) / "lease")
        options = ("-n", "-q", "-t", str(DHCP_SECONDS // 2), "-T", "2", "-O", "121", "-s", script)
        self.run("udhcpc", "-i", self.name, *options)
        return self.run("cat", f"/run/{self.name}").strip()

    def pings(self, address: str) -> bool:
        """Whether somebody answers at an address."""
        return "1 packets received" in self.run("ping", "-c", "1", "-W", "5", address, check=False)

    def metadata(self, key: str) -> str:
        """What Nova's metadata service says at 169.254.169.254."""
        return self.run("metadata", key).strip()


@contextlib.contextmanager
def stand_in(settings: Settings, mac: str, vlan: int) -> Iterator[StandIn]:
    """Somebody with a MAC address on a VLAN, plugged in until the end of the ``with``."""
    name = "esx" + mac.replace(":", "")[-8:]
    # A port of the switch's own, not a veth: the kernel computes its checksums, which the switch does not.
    namespace.run(settings, "ip", "netns", "add", name)
    try:
        port = ("--may-exist", "add-port", SWITCH, name, f"tag={vlan}")
        interface = ("set", "interface", name, "type=internal", f'mac="{mac}"')
        namespace.run(settings, "ovs-vsctl", *port, "--", *interface)
        namespace.run(settings, "ip", "link", "set", name, "netns", name)
        guest_in_place = StandIn(settings, name)
        guest_in_place.run("ip", "link", "set", name, "address", mac, "up")
        yield guest_in_place
    finally:
        namespace.run(settings, "ovs-vsctl", "--if-exists", "del-port", SWITCH, name)
        namespace.run(settings, "ip", "netns", "delete", name)


@contextlib.contextmanager
def capture(settings: Settings, at: StandIn | None = None) -> Iterator[list[str]]:
    """Frames between the hosts, or at a stand-in's NIC: tcpdump's lines, complete after the ``with``."""
    enter = ("ip", "netns", "exec", at.name) if at else ()
    tcpdump = (*enter, "tcpdump", "--immediate-mode", "-lnne", "-i", at.name if at else UPLINK)
    command = namespace.entering(settings, *tcpdump)
    frames: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        if running.stdout is None or running.stderr is None:
            raise AssertionError
        started = any("listening on" in line for line in running.stderr)
        try:
            if not started:
                raise namespace.NodeError(f"{' '.join(tcpdump)} has ended with {running.wait()}")
            yield frames
        finally:
            for process in psutil.Process(running.pid).children():
                process.send_signal(signal.SIGINT)
            frames += running.stdout.read().splitlines()


def vlans(frames: list[str], mac: str) -> set[int]:
    """VLANs in which frames from a MAC address were seen; 0: without a tag."""
    sent = [line for line in frames if f" {mac} > " in line]
    return {int(found[1]) if (found := re.search(r"vlan (\d+),", line)) else 0 for line in sent}
