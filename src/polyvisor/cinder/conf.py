"""Options of a backend's section in cinder.conf, beside the stock driver's ``vmware_*``."""

from cinder.volume import configuration
from oslo_config import cfg

OPTIONS: list[cfg.Opt] = [
    cfg.FloatOpt(
        "vcenter_connect_timeout",
        default=5.0,
        min=0.1,
        help="Seconds cinder-volume waits for a TCP connection and the TLS handshake with vCenter when it "
        "looks at the disks of VMs.",
    ),
    cfg.FloatOpt(
        "vcenter_call_timeout",
        default=30.0,
        min=0.1,
        help="Seconds cinder-volume waits for vCenter to answer one query about the disks of VMs.",
    ),
    cfg.FloatOpt(
        "vcenter_driver_timeout",
        default=60.0,
        min=1,
        help="Seconds cinder-volume waits for vCenter to answer one call while it makes or changes a volume. "
        "Long work runs as a task in vCenter, and is not cut short by this.",
    ),
]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the options for oslo-config-generator."""
    return [(configuration.SHARED_CONF_GROUP, OPTIONS)]
