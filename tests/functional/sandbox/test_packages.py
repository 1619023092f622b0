from pathlib import Path

import pytest

from polyvisor.sandbox import packages


def test_services_are_held_back_while_packages_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(packages, "POLICY", policy)
    with packages.services_held_back():
        assert policy.read_text().endswith("exit 101\n")
        assert policy.stat().st_mode & 0o111
    assert not policy.exists()


def test_what_a_killed_run_left_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text(f"#!/bin/sh\n{packages.POLICY_MARK}\nexit 101\n")
    monkeypatch.setattr(packages, "POLICY", policy)
    packages.release_services()
    assert not policy.exists()


def test_a_policy_of_the_machines_own_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    monkeypatch.setattr(packages, "POLICY", policy)
    with packages.services_held_back():
        pass
    packages.release_services()
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_a_missing_program_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "SEARCH_PATH", "/nowhere")
    with pytest.raises(packages.PackagesError, match="apt-get install qemu-utils"):
        packages.require("qemu-img")
