from tests.unit.adoption.builders import examine, subjects_of, vm


def test_it_is_found_where_it_is() -> None:
    found = examine("vapp", vm(1, vapp="resgroup-v9", folder=None), vm(2))
    assert subjects_of(found) == ["vm-1"]
