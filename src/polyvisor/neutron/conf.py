"""Options of the ML2 drivers, and the checked settings that are made of them.

`[ml2_vmware]` holds what is common; every `[vmware_vcenter:NAME]` section is a vCenter and every
`[vmware_compute:HOST]` section says where the nova-compute whose `host` option is HOST builds its servers.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oslo_config import cfg

COMMON = "ml2_vmware"
VCENTER_PREFIX = "vmware_vcenter:"
COMPUTE_PREFIX = "vmware_compute:"
DRIVER_PREFIX = "polyvisor_"

COMMON_OPTS = [
    cfg.StrOpt(
        "deployment_id",
        help="Names this cloud in the description of its port groups: 1 to 64 letters, digits, '.', '_' or "
        "'-'. Required; two clouds on one vCenter need two names; never change it.",
    ),
    cfg.StrOpt(
        "security_groups",
        default="reject",
        choices=[
            ("reject", "refuse to bind it"),
            ("ignore", "bind it unprotected and log a warning"),
        ],
        help="Security groups and port security are not enforced on VMware ports; what to do with a port "
        "that has any.",
    ),
    cfg.FloatOpt(
        "bind_deadline",
        default=20.0,
        min=1.0,
        help="Seconds within which vCenter must have done its part of one bind.",
    ),
    cfg.FloatOpt(
        "reconcile_interval",
        default=300.0,
        min=1.0,
        help="Seconds between two full comparisons of a vCenter with Neutron's database.",
    ),
    cfg.FloatOpt(
        "pending_poll",
        default=5.0,
        min=0.1,
        help="Seconds between two looks for port groups that could not be made at once.",
    ),
    cfg.FloatOpt(
        "unused_grace",
        default=600.0,
        min=0.0,
        help="Seconds for which a port group must have been without ports before it is deleted.",
    ),
    cfg.IntOpt(
        "max_deletes",
        default=50,
        min=1,
        help="Port groups that one comparison deletes at most.",
    ),
    cfg.BoolOpt(
        "delete_enabled", default=True, help="Delete unused port groups that were made by this cloud."
    ),
    cfg.BoolOpt("dry_run", default=False, help="Only log what a comparison would change in vCenter."),
]

VCENTER_OPTS = [
    cfg.HostAddressOpt("host", help="Address of the vCenter. Required."),
    cfg.PortOpt("port", default=443, help="Port of the vCenter."),
    cfg.StrOpt("username", help="vCenter user. Required."),
    cfg.StrOpt(
        "password_file",
        help="File with the password on its first line; read at each new login. Required.",
    ),
    cfg.StrOpt(
        "ca_file", help="PEM file with the CA of the vCenter's certificate; by default the system's CAs."
    ),
    cfg.BoolOpt("insecure", default=False, help="Do not verify the vCenter's certificate."),
    cfg.FloatOpt("connect_timeout", default=5.0, min=0.1, help="Seconds to wait for a connection."),
    cfg.FloatOpt("call_timeout", default=15.0, min=0.1, help="Seconds to wait for an answer to one call."),
    cfg.FloatOpt(
        "breaker_seconds",
        default=30.0,
        min=0.0,
        help="Seconds for which a vCenter that did not answer is left alone.",
    ),
]

COMPUTE_OPTS = [
    cfg.StrOpt("vcenter", help="NAME of a [vmware_vcenter:NAME] section. Required."),
    cfg.StrOpt("datacenter", help="Name of the cluster's datacenter. Required."),
    cfg.StrOpt("cluster", help="Name of the cluster that this compute service manages. Required."),
    cfg.DictOpt(
        "physnet_mappings",
        default={},
        help="'physical network:switch', comma separated. Required.",
    ),
    cfg.StrOpt(
        "switch_type",
        default="dvs",
        choices=[("dvs", "distributed switches"), ("vss", "standard switches")],
        help="What the switches of physnet_mappings are.",
    ),
]


class ConfigError(ValueError):
    """The options are missing or contradictory; the message lists every problem, one a line."""


@dataclass(frozen=True, slots=True)
class VCenter:
    """A `[vmware_vcenter:NAME]` section. Times are in seconds."""

    name: str
    host: str
    port: int
    username: str
    password_file: str
    ca_file: str | None
    insecure: bool
    connect_timeout: float
    call_timeout: float
    breaker_seconds: float


@dataclass(frozen=True, slots=True)
class Compute:
    """A `[vmware_compute:HOST]` section: the cluster of one nova-compute."""

    host: str
    vcenter: str
    datacenter: str
    cluster: str
    physnet_mappings: Mapping[str, str]
    """Physical network -> name of the switch that carries it."""
    switch_type: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All options of the drivers, free of contradictions. Times are in seconds."""

    deployment_id: str
    security_groups: str
    bind_deadline: float
    reconcile_interval: float
    pending_poll: float
    unused_grace: float
    max_deletes: int
    delete_enabled: bool
    dry_run: bool
    vcenters: Mapping[str, VCenter]
    computes: Mapping[str, Compute]


def load(conf: cfg.ConfigOpts, drivers: Collection[str] = ()) -> Settings:
    """Read the settings from a parsed configuration.

    Args:
        drivers: the mechanism drivers that are loaded; none: do not ask.

    Raises ConfigError when they are missing or contradictory.
    """
    conf.register_opts(COMMON_OPTS, COMMON)
    settings = Settings(
        **conf[COMMON],
        vcenters={n: VCenter(n, **values) for n, values in _sections(conf, VCENTER_PREFIX, VCENTER_OPTS)},
        computes={h: Compute(h, **values) for h, values in _sections(conf, COMPUTE_PREFIX, COMPUTE_OPTS)},
    )
    if problems := [*_problems(settings), *_driver_problems(settings, drivers)]:
        raise ConfigError("\n".join(["the VMware options of ML2 cannot be used:", *problems]))
    return settings


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """The options for oslo-config-generator."""
    return [
        (COMMON, COMMON_OPTS),
        (f"{VCENTER_PREFIX}NAME", VCENTER_OPTS),
        (f"{COMPUTE_PREFIX}HOST", COMPUTE_OPTS),
    ]


def _sections(conf: cfg.ConfigOpts, prefix: str, opts: list[cfg.Opt]) -> Iterator[tuple[str, Any]]:
    for section in conf.list_all_sections():
        if section.startswith(prefix):
            conf.register_opts(opts, section)
            yield section.removeprefix(prefix), conf[section]


def _problems(settings: Settings) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", settings.deployment_id or ""):
        yield f"[{COMMON}] deployment_id: needs 1 to 64 letters, digits, '.', '_' or '-'"
    if not settings.computes:
        yield f"no [{COMPUTE_PREFIX}HOST] section: the driver would serve no compute host"
    for vcenter in settings.vcenters.values():
        yield from _vcenter_problems(vcenter)
    for compute in settings.computes.values():
        yield from _compute_problems(compute, settings)
    yield from _sharing_problems(settings)


def _vcenter_problems(vcenter: VCenter) -> Iterator[str]:
    section = f"[{VCENTER_PREFIX}{vcenter.name}]"
    missing = [option for option in ("host", "username", "password_file") if not getattr(vcenter, option)]
    yield from (f"{section} {option}: is missing" for option in missing)
    if vcenter.password_file:
        try:
            read_password(vcenter)
        except ConfigError as exc:
            yield str(exc)
    if vcenter.ca_file and not Path(vcenter.ca_file).is_file():
        yield f"{section} ca_file: there is no file '{vcenter.ca_file}'"


def _compute_problems(compute: Compute, settings: Settings) -> Iterator[str]:
    section = f"[{COMPUTE_PREFIX}{compute.host}]"
    for option in ("vcenter", "datacenter", "cluster", "physnet_mappings"):
        if not getattr(compute, option):
            yield f"{section} {option}: is missing"
    if compute.vcenter and compute.vcenter not in settings.vcenters:
        yield f"{section} vcenter: there is no section [{VCENTER_PREFIX}{compute.vcenter}]"
    yield from (
        f"{section} physnet_mappings: '{physnet}' has no switch"
        for physnet, switch in compute.physnet_mappings.items()
        if not switch
    )


def _driver_problems(settings: Settings, drivers: Collection[str]) -> list[str]:
    return [
        f"[{COMPUTE_PREFIX}{compute.host}] switch_type: '{compute.switch_type}' needs {DRIVER_PREFIX}"
        f"{compute.switch_type} in [ml2] mechanism_drivers"
        for compute in settings.computes.values()
        if drivers and DRIVER_PREFIX + compute.switch_type not in drivers
    ]


def _sharing_problems(settings: Settings) -> list[str]:
    """What two sections claim that only one can have.

    Two compute services on one cluster would both count it, two physical networks on one switch would mix
    VLANs, and a vCenter under two names would hide both.
    """
    claims: dict[str, set[str]] = defaultdict(set)
    for vcenter in settings.vcenters.values():
        claims[f"vCenter {vcenter.host}:{vcenter.port} has more than one section"].add(vcenter.name)
    for compute in settings.computes.values():
        place = f"of datacenter '{compute.datacenter}' in vCenter '{compute.vcenter}'"
        claims[f"cluster '{compute.cluster}' {place} has more than one compute host"].add(compute.host)
        # A standard switch is its host's own: one of the same name in another cluster is another switch.
        at = f"of cluster '{compute.cluster}' " if compute.switch_type == "vss" else ""
        for physnet, switch in compute.physnet_mappings.items():
            claims[f"switch '{switch}' {at}{place} has more than one physical network"].add(physnet)
    return [f"{claim}: {', '.join(sorted(by))}" for claim, by in claims.items() if len(by) > 1]


def read_password(vcenter: VCenter) -> str:
    """The first line of the password file.

    Raises ConfigError when there is none.
    """
    option = f"[{VCENTER_PREFIX}{vcenter.name}] password_file"
    try:
        lines = Path(vcenter.password_file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{option}: '{vcenter.password_file}' cannot be read: {exc}") from exc
    if not lines or not lines[0]:
        raise ConfigError(f"{option}: '{vcenter.password_file}' has no password on its first line")
    return lines[0]
