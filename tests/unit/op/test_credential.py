"""What clouds may be logged in to with."""

from typing import Any

import pytest

from polyvisor.op.clouds.credential import application_credential, from_clouds_yaml
from polyvisor.op.problem import Invalid

AUTH = {"auth_url": "https://cloud.example:5000/v3", "username": "u", "password": "p", "project_name": "x"}


def test_the_secret_is_in_no_representation() -> None:
    made = application_credential("https://cloud.example/v3", "an-id", "very-secret")
    assert "very-secret" not in repr(made)
    assert made.as_secret()["auth"]["application_credential_secret"] == "very-secret"


def test_a_password_is_what_an_entry_without_a_type_means() -> None:
    assert from_clouds_yaml({"auth": AUTH}).auth_type == "v3password"
    assert from_clouds_yaml({"auth": AUTH, "interface": "internalURL"}).interface == "internal"


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"auth_type": "v3kerberos", "auth": AUTH}, "auth_type"),
        ({}, "auth"),
        ({"auth": AUTH | {"pasword": "p"}}, "auth.pasword"),
        ({"auth": {"auth_url": "https://cloud.example", "username": "u"}}, "auth.password"),
        ({"auth": AUTH | {"auth_url": "file:///etc/passwd"}}, "auth.auth_url"),
        ({"auth": AUTH | {"auth_url": "https://u:p@cloud.example"}}, "auth.auth_url"),
        ({"auth": AUTH, "interface": "other"}, "interface"),
    ],
)
def test_what_is_wrong_is_named(entry: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        from_clouds_yaml(entry, "entry")
    assert wrong.value.errors[0].field == f"entry.{field}"
