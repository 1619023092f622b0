"""Policies of the REST extension: defaults that policy.yaml overrides, as for Nova's own."""

import itertools

from nova import policy as nova_policy
from oslo_policy import policy

from polyvisor.nova.api.policies import adoption, clone, datastore, host, placement, relocation, snapshot


def list_rules() -> list[policy.DocumentedRuleDefault]:
    """Return all rules, for Nova's enforcer and for oslopolicy-sample-generator."""
    nouns = (host, datastore, placement, relocation, clone, snapshot, adoption)
    return list(itertools.chain.from_iterable(noun.list_rules() for noun in nouns))


def register() -> None:
    """Make Nova's own enforcer know the rules, so that `context.can` and policy.yaml work for them.

    May be called again: a pipeline that is loaded twice shares one enforcer.
    """
    nova_policy.init()
    # The public get_enforcer() parses the configuration anew, without its files: it is for command lines.
    enforcer = nova_policy._ENFORCER  # noqa: SLF001 - Nova has no other way to add rules
    enforcer.register_defaults([rule for rule in list_rules() if rule.name not in enforcer.registered_rules])
