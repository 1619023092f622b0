"""Options of group ``[polyvisor]`` in nova.conf.

Address, credentials, CA file and cluster of the vCenter are Nova's own, in group ``[vmware]``.
"""

from oslo_config import cfg

GROUP = "polyvisor"

OPTIONS: list[cfg.Opt] = [
    cfg.FloatOpt(
        "vcenter_connect_timeout",
        default=5.0,
        min=0.1,
        help="Seconds nova-compute waits for a TCP connection and the TLS handshake with vCenter.",
    ),
    cfg.FloatOpt(
        "vcenter_call_timeout",
        default=10.0,
        min=0.1,
        help="Seconds nova-compute waits for vCenter to answer one query about hosts, datastores or "
        "placement.",
    ),
    cfg.FloatOpt(
        "vcenter_driver_timeout",
        default=60.0,
        min=1,
        help="Seconds nova-compute waits for vCenter to answer one call while it builds or changes a server. "
        "Long work runs as a task in vCenter, and is not cut short by this. The removal of what a failed "
        "build left waits no longer than this for VMs that vCenter is still creating.",
    ),
    cfg.FloatOpt(
        "busy_timeout",
        default=120.0,
        min=0,
        help="Seconds for which nova-compute tries again to begin a relocation or the like, while vCenter "
        "says that another task holds the VM.",
    ),
    cfg.IntOpt(
        "max_operations",
        default=16,
        min=1,
        help="How many relocations and the like one nova-compute has under way in vCenter at the same time. "
        "Others wait. vCenter has limits of its own, for each host and datastore.",
    ),
    cfg.IntOpt(
        "snapshots_per_server",
        default=32,
        min=0,
        help="How many vCenter snapshots a server may have before nova-api refuses to take another. Those "
        "that were taken in vCenter count too. vCenter itself takes 32 in one chain.",
    ),
    cfg.FloatOpt(
        "rpc_timeout",
        default=20.0,
        min=0.1,
        help="Seconds nova-api and nova-scheduler wait for the answer of one nova-compute. Must be more than "
        "vcenter_connect_timeout and vcenter_call_timeout together, or an answer that names the dead vCenter "
        "comes too late to be heard.",
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options. Registering again does nothing."""
    conf.register_opts(OPTIONS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Return the options for oslo-config-generator."""
    return [(GROUP, OPTIONS)]
