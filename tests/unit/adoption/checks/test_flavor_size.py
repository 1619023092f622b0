from polyvisor.adoption.cloud import CloudFlavor
from tests.unit.adoption.builders import cloud, examine, rules, subjects_of, vm


def test_a_flavor_of_a_rule_that_is_too_small() -> None:
    small = CloudFlavor("1", "m1.small", 1, 2048, 20, public=True, plain=True)
    book = rules({"rule": "small ones", "flavor": "m1.small"})
    [(_, finding)] = examine("flavor-size", vm(1), of=cloud(flavors=(small,)), book=book)
    assert finding.says.startswith("Flavor m1.small has 1 vCPUs and 2048 MB of memory")


def test_one_that_is_not_there() -> None:
    book = rules({"rule": "typo", "flavor": "m1.smal"})
    assert subjects_of(examine("flavor-size", vm(1), book=book)) == ["vm-1"]


def test_the_one_that_is_chosen_fits() -> None:
    assert examine("flavor-size", vm(1)) == []
