"""What the account may not do fails in the middle of work later, for example when a server is resized."""

from collections.abc import Iterator

from polyvisor.adoption.checks import Check, Context, Found
from polyvisor.adoption.message import say


def _find(context: Context) -> Iterator[Found]:
    for discovery in context.discoveries:
        for path, privileges in discovery.vcenter.missing_privileges.items():
            account, lacking = discovery.vcenter.account, ", ".join(privileges)
            says = say("account_lacks", account=account, path=path, privileges=lacking)
            yield Found(discovery.vcenter.uuid, says)


CHECK = Check(
    severity="blocks",
    title="vCenter account with too few rights",
    way_out="Give the account a role with these privileges on the objects named, and let them propagate.",
    find=_find,
)
