"""Sessions with the sandbox's vCenters, as their administrator."""

from __future__ import annotations

from polyvisor.sandbox import inventory
from polyvisor.sandbox.inventory import VCenter
from polyvisor.sandbox.settings import Settings
from polyvisor.vsphere.session import Endpoint, Session


def connect(settings: Settings, vcenter: VCenter) -> Session:
    """A session that logs in when it is first used; close it in the end."""
    return Session(
        Endpoint(
            host="127.0.0.1",
            port=settings.ports[vcenter.name],
            username=inventory.USERNAME,
            password=settings.secrets[vcenter.name],
            ca_file=str(settings.tls(vcenter) / "ca.pem"),
        )
    )
