from tests.unit.adoption.builders import examine, subjects_of, vm


def test_it_is_found_where_it_is() -> None:
    found = examine(
        "guest-tools", vm(1, tools="stopped"), vm(2), vm(3, tools="stopped", power_state="poweredOff")
    )
    assert subjects_of(found) == ["vm-1"]
