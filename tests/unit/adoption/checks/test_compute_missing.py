from tests.unit.adoption.builders import cloud, examine, subjects_of, vm


def test_a_cluster_that_no_service_manages() -> None:
    found = examine("compute-missing", vm(1), vm(2, host=None), of=cloud())
    assert subjects_of(found) == ["vm-2"]
    assert subjects_of(examine("compute-missing", vm(1), of=cloud(computes={}))) == ["vm-1"]
