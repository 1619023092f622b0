"""The programs a sandbox runs: command, environment, and how one knows that each is ready."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path

from polyvisor.sandbox import binaries, inventory, packages, probes
from polyvisor.sandbox.inventory import VCenter
from polyvisor.sandbox.kvm import programs as kvm
from polyvisor.sandbox.program import Program
from polyvisor.sandbox.settings import Settings

#: In the environment of every process of a sandbox, with its folder as value: how `down` finds strays.
MARK = "POLYVISOR_SANDBOX"
#: RabbitMQ's node port has no option of its own; and an idle broker shall not spin on one of two cores.
LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none"


def common_environment(settings: Settings) -> dict[str, str]:
    """What every program gets. Byte code is kept whatever the caller's shell says: it halves the start."""
    return {
        MARK: str(settings.root),
        "HOME": str(settings.data),
        "PATH": os.pathsep.join([str(Path(sys.prefix) / "bin"), packages.SEARCH_PATH]),
        "PYTHONDONTWRITEBYTECODE": "",
        # Neutron and Nova rename their processes, by default over the environment that carries the mark.
        "SPT_NOENV": "1",
        "PYTHONPATH": str(Path(__file__).with_name("startup")),
        # Else each of many threads has a heap of its own, and each of these keeps what it once had.
        "MALLOC_ARENA_MAX": "2",
        "LC_ALL": "C.UTF-8",
    }


def every(settings: Settings) -> list[Program]:
    """All programs, in the order in which they are started."""
    return [program for layer in layers(settings) for program in layer]


def layers(settings: Settings) -> list[list[Program]]:
    """All programs by what stands on what, the lowest first."""
    openstacks = settings.openstacks
    return [
        infrastructure(settings),
        *(layer for one in openstacks for layer in kvm.layers(one)),
        [program for one in openstacks for program in control_plane(one)],
        [program for one in openstacks for program in computes(one)],
        platform(settings),
    ]


def infrastructure(settings: Settings) -> list[Program]:
    """What OpenStack stands on: database, messages, caches, and the vCenters."""
    ports, etc = settings.ports, settings.etc
    return [
        Program(
            "mariadb",
            ("mariadbd", f"--defaults-file={etc}/mariadb/mariadb.cnf"),
            probes.listens(ports["mariadb"]),
            "mariadb",
        ),
        Program(
            "epmd",
            ("epmd", "-port", str(ports["epmd"]), "-address", "127.0.0.1"),
            probes.listens(ports["epmd"]),
            "epmd",
        ),
        Program(
            "rabbitmq",
            ("/usr/lib/rabbitmq/bin/rabbitmq-server",),
            probes.listens(ports["rabbitmq"]),
            "rabbitmq",
            rabbitmq_environment(settings),
        ),
        *(_cache(one) for one in settings.openstacks),
        *(_vcenter(settings, one) for one in settings.vcenters),
    ]


def rabbitmq_environment(settings: Settings) -> dict[str, str]:
    """What RabbitMQ, and who controls it, is told."""
    ports, etc, data = settings.ports, settings.root / "etc", settings.root / "data"
    return {
        "HOME": f"{data}/rabbitmq",
        "RABBITMQ_NODENAME": "polyvisor@localhost",
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq-distribution"]),
        "RABBITMQ_MNESIA_BASE": f"{data}/rabbitmq",
        "RABBITMQ_LOG_BASE": str(settings.logs),
        "RABBITMQ_CONFIG_FILE": f"{etc}/rabbitmq/rabbitmq.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": f"{etc}/rabbitmq/enabled_plugins",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOOPBACK_ONLY,
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }


def _cache(settings: Settings) -> Program:
    """One for each OpenStack: two Keystones would take each other's entries for their own."""
    name, port = settings.openstack.named("memcached"), settings.ports["memcached"]
    command = ("memcached", "-l", "127.0.0.1", "-p", str(port), "-m", "64", "-u", "root")
    return Program(name, command, probes.listens(port), name)


def _vcenter(settings: Settings, vcenter: VCenter) -> Program:
    port, tls = settings.ports[vcenter.name], settings.tls(vcenter)
    options = {
        "listen": f"127.0.0.1:{port}",
        "tls-cert": tls / "vcenter.pem",
        "tls-key": tls / "vcenter.key",
        "wsdl": binaries.wsdl_file(settings),
        "username": inventory.USERNAME,
        "password-file": settings.password_file(vcenter),
        "instance-uuid": settings.instance_uuid(vcenter),
        "seed": 1 + vcenter.number,
        "server-id": vcenter.number,
        "clusters": len(inventory.CLUSTERS),
        "vms": settings.vms,
        "state": settings.data / vcenter.name,
    }
    command = [str(settings.binaries / "vcenter-simulator")]
    for name, value in options.items():
        command += [f"-{name}", str(value)]
    ready = probes.answers(f"https://127.0.0.1:{port}/sdk/vimService.wsdl", tls / "ca.pem")
    return Program(vcenter.name, tuple(command), ready, vcenter.name)


def control_plane(settings: Settings) -> list[Program]:
    """The stock OpenStack services."""
    etc = settings.etc
    neutron_files = (
        "--config-file",
        f"{etc}/neutron/neutron.conf",
        "--config-file",
        f"{etc}/neutron/ml2_conf.ini",
    )
    nova_files = ("--config-file", f"{etc}/nova/nova.conf")
    return [
        _web(settings, "keystone", "keystone.wsgi.api", {"OS_KEYSTONE_CONFIG_DIR": f"{etc}/keystone"}),
        _web(settings, "placement", "placement.wsgi.api", {"OS_PLACEMENT_CONFIG_DIR": f"{etc}/placement"}),
        _web(settings, "glance", "glance.wsgi.api", {"OS_GLANCE_CONFIG_DIR": f"{etc}/glance"}),
        _web(
            settings,
            "neutron",
            "neutron.wsgi.api",
            {
                "OS_NEUTRON_CONFIG_DIR": f"{etc}/neutron",
                "OS_NEUTRON_CONFIG_FILES": "neutron.conf;ml2_conf.ini",
            },
        ),
        _service(settings, "neutron-rpc-server", "q-plugin", *neutron_files),
        *_periodic(settings, *neutron_files),
        _web(settings, "nova", "nova.wsgi.osapi_compute", {"OS_NOVA_CONFIG_DIR": f"{etc}/nova"}),
        *_metadata(settings),
        *_consoles(settings),
        _service(settings, "nova-conductor", "conductor", *nova_files),
        _service(settings, "nova-scheduler", "scheduler", *nova_files),
        *_volumes(settings),
    ]


def _volumes(settings: Settings) -> list[Program]:
    """Volumes are vCenter's disks: an OpenStack without it has none."""
    if not settings.vcenters:
        return []
    config = ("--config-file", f"{settings.etc}/cinder/cinder.conf")
    return [
        _web(settings, "cinder", "cinder.wsgi.api", {}, *config),
        _cinder(settings, "cinder-scheduler", "cinder-scheduler"),
    ]


def computes(settings: Settings) -> list[Program]:
    """What works in vCenters, one nova-compute for each cluster and cinder-volume; and on the KVM host."""
    found = []
    if settings.vcenters:
        last = settings.vcenters[-1].volume_service
        found.append(_cinder(settings, "cinder-volume", f"cinder-volume.{last}"))
    for cluster in settings.clusters:
        config = f"{settings.etc}/nova-{cluster.compute}/nova.conf"
        service = _service(
            settings, "polyvisor-compute", f"compute.{cluster.compute}", "--config-file", config
        )
        found.append(dataclasses.replace(service, name=f"nova-{cluster.compute}"))
    return found + kvm.services(settings)


def platform(settings: Settings) -> list[Program]:
    """The operations platform, above them all."""
    if not settings.op:
        return []
    environment = {
        "POLYVISOR_OP_DATA": str(settings.op_data),
        "POLYVISOR_OP_PORT": str(settings.ports["op"]),
    }
    command = (str(Path(sys.prefix) / "bin" / "polyvisor"), "op", "serve")
    return [Program("op", command, probes.answers(f"{settings.url('op')}/api/v1/health"), "op", environment)]


def _periodic(settings: Settings, *files: str) -> list[Program]:
    """Compares with vCenter, and moves networks between agents that serve them: else it has nothing to do."""
    if not settings.vcenters and inventory.DHCP_AGENT not in settings.agents:
        return []
    return [_service(settings, "neutron-periodic-workers", None, *files)]


def _metadata(settings: Settings) -> list[Program]:
    """Asked by Neutron's agent."""
    if inventory.METADATA_AGENT not in settings.agents:
        return []
    environment = {"OS_NOVA_CONFIG_DIR": f"{settings.etc}/nova"}
    return [_web(settings, "nova-metadata", "nova.wsgi.metadata", environment)]


def _consoles(settings: Settings) -> list[Program]:
    """The screens of KVM's guests. It ends with 405 whoever opens no websocket: it has no page of its own."""
    if not settings.kvm:
        return []
    name = "nova-novncproxy"
    proxy = _service(settings, name, None, "--config-file", f"{settings.etc}/nova/nova.conf")
    ready = probes.answers(settings.url(name))
    return [dataclasses.replace(proxy, ready=ready, port=settings.openstack.named(name))]


def _web(settings: Settings, name: str, module: str, environment: dict[str, str], *arguments: str) -> Program:
    server = (sys.executable, "-m", "polyvisor.sandbox.wsgi_server", module, str(settings.ports[name]))
    own = settings.openstack.named(name)
    return Program(own, (*server, *arguments), probes.answers(settings.url(name)), own, environment)


def _cinder(settings: Settings, name: str, queue: str) -> Program:
    """A service of Cinder, on native threads as Nova's and Neutron's are by themselves."""
    service = _service(settings, name, queue, "--config-file", f"{settings.etc}/cinder/cinder.conf")
    return dataclasses.replace(service, environment={"OS_CINDER_DISABLE_EVENTLET_PATCHING": "true"})


def _service(settings: Settings, name: str, queue: str | None, *arguments: str) -> Program:
    """A service without a port of its own: it is ready when it serves its RPC queue, if it has one."""
    ready = probes.always
    if queue:
        ready = probes.consumes(settings, queue)
    return Program(settings.openstack.named(name), (str(Path(sys.prefix) / "bin" / name), *arguments), ready)
