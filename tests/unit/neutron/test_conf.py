from collections.abc import Collection
from pathlib import Path

import pytest
from oslo_config import cfg

from polyvisor.neutron import conf

GOOD = """
[ml2_vmware]
deployment_id = cloud-1

[vmware_vcenter:vc1]
host = vcenter.example.org
username = neutron
password_file = {password_file}

[vmware_compute:Compute-1]
vcenter = vc1
datacenter = dc1
cluster = cluster1
physnet_mappings = physnet1:dvs1, physnet2:dvs2

[vmware_compute:compute2]
vcenter = vc1
datacenter = dc1
cluster = cluster2
physnet_mappings = physnet1:dvs1
"""


class Options:
    """Loads options from text, as Neutron does from its file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "ml2_conf.ini"
        self.password_file = folder / "password"
        self.password_file.write_text("secret\n")

    def load(self, text: str, drivers: Collection[str] = ()) -> conf.Settings:
        self.file.write_text(text.format(password_file=self.password_file))
        parsed = cfg.ConfigOpts()
        parsed([], default_config_files=[str(self.file)])
        return conf.load(parsed, drivers)

    def problems(self, *changes: tuple[str, str]) -> list[str]:
        """What is said about GOOD with these changes."""
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        with pytest.raises(conf.ConfigError) as refused:
            self.load(text)
        return str(refused.value).splitlines()[1:]


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(tmp_path)


def test_sections_become_vcenters_and_computes(options: Options) -> None:
    settings = options.load(GOOD)
    assert settings.deployment_id == "cloud-1"
    assert settings.security_groups == "reject"
    assert settings.vcenters["vc1"].host == "vcenter.example.org"
    assert settings.vcenters["vc1"].port == 443
    assert not settings.vcenters["vc1"].insecure
    assert conf.read_password(settings.vcenters["vc1"]) == "secret"
    assert settings.computes["Compute-1"].physnet_mappings == {"physnet1": "dvs1", "physnet2": "dvs2"}
    assert settings.computes["compute2"].cluster == "cluster2"


def test_the_password_is_in_no_repr(options: Options) -> None:
    assert "secret" not in repr(options.load(GOOD))


@pytest.mark.parametrize("deployment_id", ["", "two words", "a" * 65, "x/y"])
def test_an_unusable_deployment_id(options: Options, deployment_id: str) -> None:
    assert options.problems(("= cloud-1", f"= {deployment_id}")) == [
        "[ml2_vmware] deployment_id: needs 1 to 64 letters, digits, '.', '_' or '-'"
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("host = vcenter.example.org", "[vmware_vcenter:vc1] host: is missing"),
        ("username = neutron", "[vmware_vcenter:vc1] username: is missing"),
        ("password_file = {password_file}", "[vmware_vcenter:vc1] password_file: is missing"),
        ("cluster = cluster2", "[vmware_compute:compute2] cluster: is missing"),
    ],
)
def test_a_missing_option(options: Options, line: str, problem: str) -> None:
    assert options.problems((line, "")) == [problem]


def test_no_compute_host_at_all(options: Options) -> None:
    with pytest.raises(conf.ConfigError, match=r"no \[vmware_compute:HOST\] section"):
        options.load(GOOD.partition("[vmware_compute")[0])


def test_an_unknown_vcenter(options: Options) -> None:
    problems = options.problems(
        (
            "vcenter = vc1\ndatacenter = dc1\ncluster = cluster2",
            "vcenter = vc2\ndatacenter = dc1\ncluster = cluster2",
        )
    )
    assert problems == ["[vmware_compute:compute2] vcenter: there is no section [vmware_vcenter:vc2]"]


def test_one_cluster_for_two_compute_hosts(options: Options) -> None:
    assert options.problems(("cluster2", "cluster1")) == [
        "cluster 'cluster1' of datacenter 'dc1' in vCenter 'vc1' has more than one compute host: "
        "Compute-1, compute2"
    ]


def test_one_switch_for_two_physical_networks(options: Options) -> None:
    assert options.problems(("physnet2:dvs2", "physnet2:dvs1")) == [
        "switch 'dvs1' of datacenter 'dc1' in vCenter 'vc1' has more than one physical network: "
        "physnet1, physnet2"
    ]


def test_one_vcenter_under_two_names(options: Options) -> None:
    again = (
        "[vmware_vcenter:vc2]\nhost = vcenter.example.org\nusername = x\npassword_file = {password_file}\n\n"
    )
    assert options.problems(("[vmware_compute:Compute-1]", again + "[vmware_compute:Compute-1]")) == [
        "vCenter vcenter.example.org:443 has more than one section: vc1, vc2"
    ]


def test_a_physical_network_without_a_switch(options: Options) -> None:
    assert options.problems(("physnet2:dvs2", "physnet2:")) == [
        "[vmware_compute:Compute-1] physnet_mappings: 'physnet2' has no switch"
    ]


def test_files_that_are_not_there(options: Options) -> None:
    missing = options.password_file.with_name("missing")
    problems = options.problems(("{password_file}", f"{missing}\nca_file = {missing}"))
    assert len(problems) == 2
    assert f"[vmware_vcenter:vc1] password_file: '{missing}' cannot be read" in problems[0]
    assert problems[1] == f"[vmware_vcenter:vc1] ca_file: there is no file '{missing}'"


def test_an_empty_password_file(options: Options) -> None:
    options.password_file.write_text("\nsecond line\n")
    assert options.problems(("cloud-1", "cloud-2")) == [
        f"[vmware_vcenter:vc1] password_file: '{options.password_file}' has no password on its first line"
    ]


def test_all_problems_are_told_at_once(options: Options) -> None:
    assert len(options.problems(("username = neutron", ""), ("cluster2", "cluster1"))) == 2


def test_the_options_are_offered_to_the_sample_generator() -> None:
    assert [group for group, _ in conf.list_opts()] == [
        "ml2_vmware",
        "vmware_vcenter:NAME",
        "vmware_compute:HOST",
    ]


def test_switches_are_distributed_unless_it_says_otherwise(options: Options) -> None:
    computes = options.load(
        GOOD.replace("cluster = cluster2", "cluster = cluster2\nswitch_type = vss")
    ).computes
    assert (computes["Compute-1"].switch_type, computes["compute2"].switch_type) == ("dvs", "vss")


def test_standard_switches_of_one_name_in_two_clusters_are_two_switches(options: Options) -> None:
    text = GOOD.replace("cluster = cluster", "switch_type = vss\ncluster = cluster")
    options.load(text.replace("physnet1:dvs1\n", "physnet2:dvs1\n"))


def test_a_compute_host_whose_driver_is_not_loaded(options: Options) -> None:
    text = GOOD.replace("cluster = cluster2", "cluster = cluster2\nswitch_type = vss")
    options.load(text, ["polyvisor_vss", "polyvisor_dvs", "openvswitch"])
    with pytest.raises(conf.ConfigError) as refused:
        options.load(text, ["polyvisor_dvs", "openvswitch"])
    assert str(refused.value).splitlines()[1:] == [
        "[vmware_compute:compute2] switch_type: 'vss' needs polyvisor_vss in [ml2] mechanism_drivers"
    ]
