"""What the services are configured with, as it is written."""

import configparser
import dataclasses
from pathlib import Path

import pytest

from polyvisor.sandbox import configuration, settings


@pytest.fixture
def sandbox(tmp_path: Path) -> settings.Settings:
    made = settings.create(tmp_path, port_base=30000, ports=settings.ports_from(30000, {}), vms=0)
    settings.save(made)
    return made


def test_only_what_was_different_before_has_programs_stopped(sandbox: settings.Settings) -> None:
    assert not configuration.render(sandbox)
    assert not configuration.render(sandbox)
    assert configuration.render(dataclasses.replace(sandbox, kvm=True))


def test_whatever_has_a_secret_in_it_is_for_the_owner_only(sandbox: settings.Settings) -> None:
    configuration.render(sandbox)
    telling = [
        path
        for path in sandbox.root.rglob("*")
        if path.is_file() and any(secret in path.read_text() for secret in sandbox.secrets.values())
    ]
    assert len(telling) > 5
    assert [path for path in telling if path.stat().st_mode & 0o077] == []


def test_the_filter_stands_directly_before_novas_application_in_both_pipelines(
    sandbox: settings.Settings,
) -> None:
    configuration.render(sandbox)
    paste = configparser.RawConfigParser()
    paste.read(sandbox.etc / "nova" / "api-paste.ini")
    pipelines = [paste[name]["keystone"] for name in paste.sections() if "compute_api_v21" in name]
    assert len(pipelines) == 2
    assert all(pipeline.endswith("polyvisor osapi_compute_app_v21") for pipeline in pipelines)


def test_compute_services_cannot_reach_the_database(sandbox: settings.Settings) -> None:
    configuration.render(sandbox)
    for compute in sandbox.etc.glob("nova-compute*/nova.conf"):
        assert "mysql" not in compute.read_text()


def test_nothing_of_one_openstack_is_in_the_configuration_of_the_other(sandbox: settings.Settings) -> None:
    both = dataclasses.replace(sandbox, kvm=True, second=True)
    configuration.render(both)
    for one, other in (both.openstacks, reversed(both.openstacks)):
        text = "\n".join(
            path.read_text() for path in one.etc.rglob("*.conf") if "supervisord" not in path.name
        )
        names = one.ports.keys() & other.ports.keys() - set(settings.SHARED_PORTS)
        foreign = {str(other.ports[name]) for name in names}
        assert foreign
        foreign |= {other.secrets[name] for name in ("admin", "service", "database", "metadata")}
        foreign |= {f"{other.etc}/", f"{other.data}/", other.openstack.region, other.openstack.kvm_host}
        assert [word for word in foreign if word in text] == []


def test_the_second_openstack_has_novas_own_pipelines(sandbox: settings.Settings) -> None:
    both = dataclasses.replace(sandbox, second=True)
    configuration.render(both)
    own = (both.openstacks[1].etc / "nova" / "api-paste.ini").read_text()
    assert own == (configuration.stock_configuration() / "nova" / "api-paste.ini").read_text()


def test_a_second_openstack_and_the_platform_are_added_without_a_stop(sandbox: settings.Settings) -> None:
    configuration.render(sandbox)
    assert not configuration.render(dataclasses.replace(sandbox, second=True, op=True))
    assert "program:op" in (sandbox.etc / "supervisord.conf").read_text()


def test_a_stored_sandbox_is_loaded_as_it_was(sandbox: settings.Settings) -> None:
    assert settings.load(sandbox.root) == sandbox


def test_two_vcenters_share_no_address_certificate_or_password(sandbox: settings.Settings) -> None:
    both = dataclasses.replace(sandbox, second_vcenter=True)
    configuration.render(both)
    first, second = both.vcenters
    files = {
        first: ("nova-compute1/nova.conf", "nova-compute2/nova.conf"),
        second: ("nova-compute3/nova.conf",),
    }
    for one, other in ((first, second), (second, first)):
        for text in ((both.etc / file).read_text() for file in files[one]):
            assert f"host_port = {both.ports[one.name]}" in text
            assert both.secrets[other.name] not in text
            assert f"{both.tls(other)}/" not in text
    assert both.instance_uuid(first) != both.instance_uuid(second)
    assert (both.tls(first) / "ca.pem").read_text() != (both.tls(second) / "ca.pem").read_text()
    backends = configparser.RawConfigParser(strict=False)
    backends.read(both.etc / "cinder" / "cinder.conf")
    assert backends["DEFAULT"]["enabled_backends"] == "vcenter,vcenter2"
    assert {backends[one.name]["vmware_host_port"] for one in (first, second)} == {
        str(both.ports[one.name]) for one in (first, second)
    }
