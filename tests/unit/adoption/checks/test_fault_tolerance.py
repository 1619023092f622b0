from tests.unit.adoption.builders import examine, subjects_of, vm


def test_it_is_found_where_it_is() -> None:
    found = examine("fault-tolerance", vm(1, fault_tolerance="running"), vm(2))
    assert subjects_of(found) == ["vm-1"]
