"""The console of a VM that was not made by Nova: VNC where its ESXi host has that, else tickets of MKS."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nova.conf
from nova.virt.vmwareapi import vm_util
from oslo_concurrency import lockutils
from oslo_utils import versionutils

from polyvisor.nova.compute.cluster import Cluster
from polyvisor.vsphere.adoption import CONSOLE, Machine

CONF = nova.conf.CONF

_WITHOUT_VNC = (7, 0, 0)
"""ESXi 7.0 has no VNC server any more (vSphere 7.0 Release Notes, "Removal of the built-in VNC server")."""


@contextmanager
def reserved() -> Iterator[None]:
    """Keep a port that `marks` has found free from others, until the VM has it. The lock is Nova's own."""
    with lockutils.lock("vmware.get_and_set_vnc_port", "nova-"):
        yield


def marks(session: Any, cluster: Cluster, machine: Machine) -> dict[str, str]:
    """Return the options that make the console of a VM reachable; none where MKS tickets do without.

    :param session: Nova's.
    """
    version = next((host.version for host in cluster.hosts() if host.moref == machine.host), None)
    if version is None or versionutils.convert_version_to_tuple(version) >= _WITHOUT_VNC:
        return {}
    port = str(vm_util.get_vnc_port(session))
    keymap = CONF.vmware.vnc_keymap
    return {f"{CONSOLE}enabled": "true", f"{CONSOLE}port": port, f"{CONSOLE}keyMap": keymap}
