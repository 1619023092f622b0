"""Render every service's configuration from ``templates/``."""

from __future__ import annotations

import configparser
import getpass
import io
import os
import sys
from pathlib import Path
from typing import Any

import jinja2

from polyvisor.sandbox import certificates, inventory, programs
from polyvisor.sandbox.settings import Settings, write_private

#: Template -> where it goes below ``etc``.
FILES = {
    "keystone.conf.j2": "keystone/keystone.conf",
    "placement.conf.j2": "placement/placement.conf",
    "glance-api.conf.j2": "glance/glance-api.conf",
    "neutron.conf.j2": "neutron/neutron.conf",
    "ml2_conf.ini.j2": "neutron/ml2_conf.ini",
    "nova.conf.j2": "nova/nova.conf",
    "cinder.conf.j2": "cinder/cinder.conf",
    "rabbitmq.conf.j2": "rabbitmq/rabbitmq.conf",
    "mariadb.cnf.j2": "mariadb/mariadb.cnf",
    "clouds.yaml.j2": "clouds.yaml",
}
#: Where it goes -> template.
KVM_FILES = {
    f"nova-{inventory.KVM_HOST}/nova.conf": "nova-kvm.conf.j2",
    f"neutron-{inventory.KVM_HOST}/agents.conf": "neutron-agents.conf.j2",
    f"neutron-{inventory.KVM_HOST}/dnsmasq.conf": "dnsmasq.conf.j2",
    "libvirt/qemu.conf": "qemu.conf.j2",
}
#: Services keep locks and state here; none of them makes the folder itself.
DATA_FOLDERS = (
    *("cinder", "glance/images", "glance/staging", "glance/tasks", "neutron", "nova", "rabbitmq", "vcenter"),
    *(f"nova-{cluster.compute}" for cluster in inventory.CLUSTERS),
    *(f"nova-{inventory.KVM_HOST}/instances", f"neutron-{inventory.KVM_HOST}"),
)


class _PasteFile(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr  # paths are keys here, and keep their case


def render(settings: Settings) -> bool:
    """Write all configuration; True if any file came out different from before."""
    certificates.ensure(settings.ca_file.parent)
    for folder in (settings.logs, *(settings.data / name for name in DATA_FOLDERS)):
        folder.mkdir(parents=True, exist_ok=True)
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("polyvisor.sandbox"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - these are ini files, not HTML
    )
    values = _values(settings)
    texts = {path: templates.get_template(name).render(values) for name, path in FILES.items()}
    for cluster in inventory.CLUSTERS:
        text = templates.get_template("nova-compute.conf.j2").render(values, cluster=cluster)
        texts[f"nova-{cluster.compute}/nova.conf"] = text
    if settings.kvm:
        for path, name in KVM_FILES.items():
            texts[path] = templates.get_template(name).render(values)
    texts["nova/api-paste.ini"] = _nova_paste(stock_configuration() / "nova" / "api-paste.ini")
    texts["supervisord.conf"] = templates.get_template("supervisord.conf.j2").render(values)
    texts["vcenter/password"] = settings.secrets["vcenter"]
    texts["rabbitmq/enabled_plugins"] = "[].\n"
    written = [write_private(settings.etc / path, text) for path, text in texts.items()]
    return any(written)


def stock_configuration() -> Path:
    """Where the OpenStack wheels put the paste files they ship."""
    return Path(sys.prefix) / "etc"


def _values(settings: Settings) -> dict[str, Any]:
    every = programs.every(settings)
    return {
        "root": settings.root,
        "etc": settings.etc,
        "data": settings.data,
        "logs": settings.logs,
        "ca_file": settings.ca_file,
        "stock": stock_configuration(),
        "ports": settings.ports,
        "secrets": settings.secrets,
        "urls": {name: settings.url(name) for name in settings.ports},
        "user": getpass.getuser(),
        "datacenter": inventory.DATACENTER,
        "clusters": inventory.CLUSTERS,
        "volume_host": inventory.VOLUME_HOST,
        "volume_backend": inventory.VOLUME_BACKEND,
        "kvm": settings.kvm,
        "kvm_host": inventory.KVM_HOST,
        "vcenter_username": inventory.USERNAME,
        "programs": every,
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
    """The clouds.yaml with the sandbox's users."""
    return settings.etc / "clouds.yaml"


def client_environment(settings: Settings, cloud: str) -> dict[str, str]:
    """What `openstack`, `govc` and `polyvisor adopt` need in their environment to use this sandbox."""
    folders = (str(settings.binaries), str(Path(sys.prefix) / "bin"), os.environ.get("PATH", ""))
    return {
        "PATH": os.pathsep.join(folders),
        "OS_CLIENT_CONFIG_FILE": str(clouds_file(settings)),
        "OS_CLOUD": cloud,
        "GOVC_URL": f"https://127.0.0.1:{settings.ports['vcenter']}/sdk",
        "GOVC_USERNAME": inventory.USERNAME,
        "GOVC_PASSWORD": settings.secrets["vcenter"],
        "GOVC_TLS_CA_CERTS": str(settings.ca_file),
        "POLYVISOR_VCENTER": f"127.0.0.1:{settings.ports['vcenter']}",
        "POLYVISOR_VCENTER_USERNAME": inventory.USERNAME,
        "POLYVISOR_VCENTER_PASSWORD_FILE": str(settings.etc / "vcenter" / "password"),
        "POLYVISOR_VCENTER_CA_FILE": str(settings.ca_file),
    }
