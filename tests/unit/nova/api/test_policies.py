from oslo_policy import generator

from polyvisor.nova.api import policies


def test_every_rule_says_who_may_do_what() -> None:
    rules = policies.list_rules()
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.name.startswith("os_compute_api:os-")
        assert rule.operations
        assert rule.description
        assert rule.scope_types


def test_the_sample_policy_file_lists_them() -> None:
    sample = "".join(generator._format_rule_default_yaml(rule) for rule in policies.list_rules())
    assert '"os_compute_api:os-vmware-hosts:list"' in sample
    assert "POST  /servers" in sample
