from tests.unit.adoption.builders import cloud, examine, rules, subjects_of, vm


def test_a_project_that_is_nobody_s_or_of_two() -> None:
    book = rules({"rule": "odd", "match": {"name": "app-1"}, "project": "shopp"})
    assert subjects_of(examine("project-unknown", vm(1), vm(2), book=book)) == ["vm-1"]
    twice = cloud(projects={"a" * 32: "shop", "b" * 32: "shop"})
    assert "vm-1" in subjects_of(examine("project-unknown", vm(1), of=twice))
