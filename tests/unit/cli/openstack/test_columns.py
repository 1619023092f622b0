import pytest

from polyvisor.cli.openstack.columns import BytesColumn, names


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0.0 GiB"), (512 * 2**30, "512.0 GiB"), (2**41, "2,048.0 GiB"), (None, "")]
)
def test_bytes_are_shown_as_gib_and_kept_as_they_are(number: int | None, shown: str) -> None:
    column = BytesColumn(number)
    assert column.human_readable() == shown
    assert column.machine_readable() == number


def test_names_are_sorted_and_stay_a_list() -> None:
    column = names([{"name": "b"}, {"name": "a"}])
    assert column.human_readable() == "a, b"
    assert column.machine_readable() == ["a", "b"]
