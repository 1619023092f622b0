"""Render every service's configuration from ``templates/``."""

from __future__ import annotations

import configparser
import functools
import getpass
import io
import os
import sys
from pathlib import Path
from typing import Any

import jinja2

from polyvisor.sandbox import certificates, databases, inventory, programs
from polyvisor.sandbox.inventory import VCenter
from polyvisor.sandbox.settings import Settings, write_private

#: Template -> where it goes below ``etc``: of the sandbox, and of each OpenStack.
SHARED_FILES = {
    "rabbitmq.conf.j2": "rabbitmq/rabbitmq.conf",
    "mariadb.cnf.j2": "mariadb/mariadb.cnf",
}
#: The same of what names all programs and all OpenStacks, for supervisord and for users.
OVERVIEWS = {
    "clouds.yaml.j2": "clouds.yaml",
    "vcenters.yaml.j2": "vcenters.yaml",
    "supervisord.conf.j2": "supervisord.conf",
}
FILES = {
    "keystone.conf.j2": "keystone/keystone.conf",
    "placement.conf.j2": "placement/placement.conf",
    "glance-api.conf.j2": "glance/glance-api.conf",
    "neutron.conf.j2": "neutron/neutron.conf",
    "ml2_conf.ini.j2": "neutron/ml2_conf.ini",
    "nova.conf.j2": "nova/nova.conf",
}
#: The same of an OpenStack with a KVM host.
KVM_FILES = {
    "nova-kvm.conf.j2": "nova-{host}/nova.conf",
    "neutron-agents.conf.j2": "neutron-{host}/agents.conf",
    "dnsmasq.conf.j2": "neutron-{host}/dnsmasq.conf",
    "qemu.conf.j2": "libvirt/qemu.conf",
}
#: Services keep locks and state here; none of them makes the folder itself.
SHARED_FOLDERS = ("rabbitmq", "mariadb-tmp")
DATA_FOLDERS = (
    *("glance/images", "glance/staging", "glance/tasks", "neutron", "nova"),
    *("nova-{host}/instances", "neutron-{host}", "kvm"),
)


class _PasteFile(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr  # paths are keys here, and keep their case


def render(settings: Settings) -> bool:
    """Write all configuration; True if a program may have read some of it that was different."""
    for vcenter in settings.vcenters:
        certificates.ensure(settings.tls(vcenter))
    for path, text in _overviews(settings).items():
        write_private(settings.etc / path, text)
    changed = [_changes(settings.etc / path, text) for path, text in _shared(settings).items()]
    for one in settings.openstacks:
        changed += [_changes(one.etc / path, text) for path, text in _of_openstack(one).items()]
        for name in (*DATA_FOLDERS, *_vcenter_folders(one)):
            (one.data / name.format(host=one.openstack.kvm_host)).mkdir(parents=True, exist_ok=True)
    shared = (*SHARED_FOLDERS, *(vcenter.name for vcenter in settings.vcenters))
    for folder in (settings.logs, *(settings.data / name for name in shared)):
        folder.mkdir(parents=True, exist_ok=True)
    return any(changed)


def _vcenter_folders(settings: Settings) -> list[str]:
    computes = [f"nova-{cluster.compute}" for cluster in settings.clusters]
    return ["cinder", *computes] if settings.vcenters else []


def _changes(file: Path, text: str) -> bool:
    """Write a file; True if it was there and was different."""
    was_there = file.exists()
    return write_private(file, text) and was_there


def _overviews(settings: Settings) -> dict[str, str]:
    values = _values(settings) | {
        "programs": programs.every(settings),
        "openstacks": settings.openstacks,
    }
    return {path: _templates().get_template(name).render(values) for name, path in OVERVIEWS.items()}


def _shared(settings: Settings) -> dict[str, str]:
    """Path below ``etc`` -> configuration of what all OpenStacks of the sandbox share."""
    values = _values(settings)
    texts = {path: _templates().get_template(name).render(values) for name, path in SHARED_FILES.items()}
    for vcenter in settings.vcenters:
        texts[f"{vcenter.name}/password"] = settings.secrets[vcenter.name]
    texts["rabbitmq/enabled_plugins"] = "[].\n"
    return texts


def _of_openstack(settings: Settings) -> dict[str, str]:
    """Path below ``etc`` -> configuration of an OpenStack's own services."""
    templates, values = _templates(), _values(settings)
    wanted = dict(FILES)
    if settings.vcenters:
        wanted["cinder.conf.j2"] = "cinder/cinder.conf"
    if settings.kvm:
        wanted |= {name: path.format(host=settings.openstack.kvm_host) for name, path in KVM_FILES.items()}
    texts = {path: templates.get_template(name).render(values) for name, path in wanted.items()}
    for vcenter in settings.vcenters:
        for cluster in vcenter.clusters:
            own = templates.get_template("nova-compute.conf.j2")
            texts[f"nova-{cluster.compute}/nova.conf"] = own.render(values, vcenter=vcenter, cluster=cluster)
    paste = stock_configuration() / "nova" / "api-paste.ini"
    texts["nova/api-paste.ini"] = _nova_paste(paste) if settings.vcenters else paste.read_text()
    return texts


@functools.cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("polyvisor.sandbox"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - these are ini files, not HTML
    )


def stock_configuration() -> Path:
    """Where the OpenStack wheels put the paste files they ship."""
    return Path(sys.prefix) / "etc"


def _values(settings: Settings) -> dict[str, Any]:
    return {
        "root": settings.root,
        "etc": settings.etc,
        "data": settings.data,
        "logs": settings.logs,
        "ca_file_of": lambda vcenter: settings.tls(vcenter) / "ca.pem",
        "password_file_of": settings.password_file,
        "stock": stock_configuration(),
        "ports": settings.ports,
        "secrets": settings.secrets,
        "urls": {name: settings.url(name) for name in settings.ports},
        "user": getpass.getuser(),
        "datacenter": inventory.DATACENTER,
        "vcenters": settings.vcenters,
        "volume_host": inventory.VOLUME_HOST,
        "kvm": settings.kvm,
        "has_dhcp": inventory.DHCP_AGENT in settings.agents,
        "has_routers": inventory.L3_AGENT in settings.agents,
        "kvm_host": settings.openstack.kvm_host,
        "screens": settings.screens,
        "vcenter_username": inventory.USERNAME,
        "openstack": settings.openstack,
        "database": functools.partial(databases.name, settings),
        "virtual_host": settings.virtual_host,
    }


def _nova_paste(stock: Path) -> str:
    """Nova's own pipelines with Polyvisor's filter before the application, and nothing else changed."""
    paste = _PasteFile()
    paste.read(stock)
    paste["filter:polyvisor"] = {"paste.filter_factory": "polyvisor.nova.api.filter:factory"}
    for name in paste.sections():
        if name.startswith("composite:openstack_compute_api_v21"):
            pipeline = paste[name]["keystone"]
            paste[name]["keystone"] = pipeline.replace(
                "osapi_compute_app_v21", "polyvisor osapi_compute_app_v21"
            )
    text = io.StringIO()
    paste.write(text)
    return text.getvalue()


def clouds_file(settings: Settings) -> Path:
    """The clouds.yaml with the users of all OpenStacks of the sandbox."""
    return settings.root / "etc" / "clouds.yaml"


def client_environment(
    settings: Settings, cloud: str, vcenter: VCenter = inventory.FIRST_VCENTER
) -> dict[str, str]:
    """What `openstack`, `govc` and `polyvisor adopt` need in their environment to use this sandbox."""
    address, ca_file = f"127.0.0.1:{settings.ports[vcenter.name]}", str(settings.tls(vcenter) / "ca.pem")
    folders = (str(settings.binaries), str(Path(sys.prefix) / "bin"), os.environ.get("PATH", ""))
    return {
        "PATH": os.pathsep.join(folders),
        "OS_CLIENT_CONFIG_FILE": str(clouds_file(settings)),
        "OS_CLOUD": cloud,
        "GOVC_URL": f"https://{address}/sdk",
        "GOVC_USERNAME": inventory.USERNAME,
        "GOVC_PASSWORD": settings.secrets[vcenter.name],
        "GOVC_TLS_CA_CERTS": ca_file,
        "POLYVISOR_VCENTER": address,
        "POLYVISOR_VCENTER_USERNAME": inventory.USERNAME,
        "POLYVISOR_VCENTER_PASSWORD_FILE": str(settings.password_file(vcenter)),
        "POLYVISOR_VCENTER_CA_FILE": ca_file,
    }
